package kafkain

import (
	"fmt"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"
)

// scramClient makes the SCRAM conversations of a mechanism; nil for PLAIN.
func scramClient(mechanism string) func() sarama.SCRAMClient {
	hash := map[string]scram.HashGeneratorFcn{"SCRAM-SHA-256": scram.SHA256, "SCRAM-SHA-512": scram.SHA512}[mechanism]
	if hash == nil {
		return nil
	}
	return func() sarama.SCRAMClient { return &conversation{hash: hash} }
}

type conversation struct {
	hash scram.HashGeneratorFcn
	talk *scram.ClientConversation
}

// Begin implements sarama.SCRAMClient.
func (c *conversation) Begin(user, password, authzID string) error {
	client, err := c.hash.NewClient(user, password, authzID)
	if err != nil {
		return fmt.Errorf("begin SCRAM: %w", err)
	}
	c.talk = client.NewConversation()
	return nil
}

// Step implements sarama.SCRAMClient.
func (c *conversation) Step(challenge string) (string, error) { return c.talk.Step(challenge) }

// Done implements sarama.SCRAMClient.
func (c *conversation) Done() bool { return c.talk.Done() }
