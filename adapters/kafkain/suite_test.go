package kafkain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/mashang-hub/mashang/adapters"
	"github.com/mashang-hub/mashang/adapters/adaptertest"
	"github.com/mashang-hub/mashang/adapters/decode"
	"github.com/mashang-hub/mashang/adapters/kafkain"
	"github.com/mashang-hub/mashang/adapters/mapping"
)

func TestSuite(t *testing.T) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "gd"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	addresses := broker.ListenAddrs()
	adaptertest.Run(t, adaptertest.Suite{
		Spec: kafkain.Spec(), Options: fmt.Sprintf("{brokers: [%q], topic: gd}", addresses[0]),
		Config: adapters.Config{Decode: decode.Options{Format: decode.JSON}, Map: mapping.Config{ExternalID: "id", Text: "nr"}},
		Message: func(id string, n int) adaptertest.Sample {
			return adaptertest.Sample{MediaType: id, Body: fmt.Sprintf(`{"id":%q,"nr":"v%d"}`, id, n)}
		},
		Feed: func(all []adaptertest.Sample) error {
			c := sarama.NewConfig()
			c.Producer.Return.Successes = true
			p, err := sarama.NewSyncProducer(addresses, c)
			if err != nil {
				return err
			}
			defer func() { _ = p.Close() }()
			for _, m := range all {
				if _, _, err := p.SendMessage(&sarama.ProducerMessage{Topic: "gd", Key: sarama.StringEncoder(m.MediaType), Value: sarama.StringEncoder(m.Body)}); err != nil {
					return err
				}
			}
			_, _, err = p.SendMessage(&sarama.ProducerMessage{Topic: "gd", Value: sarama.StringEncoder("{broken")})
			return err
		},
	})
}

func TestValidate(t *testing.T) {
	for want, c := range map[string]kafkain.Config{
		"brokers": {}, "topic": {Brokers: []string{"x"}}, "password": {Brokers: []string{"x"}, Topic: "t", User: "u"},
		"tls": {Brokers: []string{"x"}, Topic: "t", User: "u", Password: "p", Mechanism: "PLAIN"},
	} {
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
