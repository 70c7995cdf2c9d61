package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/oklog/run"
)

// TLS says how the hub is also reached with TLS. The files are read at each
// connection, so that renewed certificates count without a restart.
type TLS struct {
	Listen   string // address; empty for none
	Cert     string // file with the hub's certificate chain, in PEM
	Key      string // file with its key
	ClientCA string // file with the authorities of senders' certificates; empty asks for none
}

// Check reports what is missing.
func (t TLS) Check() error {
	if t.Listen == "" {
		return nil
	}
	if t.Cert == "" || t.Key == "" {
		return errors.New("--tls-listen 还要 --tls-cert 和 --tls-key")
	}
	_, err := t.config()
	return err
}

func (t TLS) config() (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if t.ClientCA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("read the client authorities: %w", err)
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: 里面没有 PEM 证书", t.ClientCA)
	}
	// A channel that wants a certificate asks for it itself; a browser has none.
	c.ClientAuth = tls.VerifyClientCertIfGiven
	return c, nil
}

// serveTLS serves handler at the TLS address too, if there is one.
func (a *App) serveTLS(ctx context.Context, g *run.Group, handler http.Handler) error {
	t := a.opts.TLS
	if t.Listen == "" {
		return nil
	}
	first, err := t.config()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", t.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", t.Listen, err)
	}
	a.secure = listener.Addr().String()
	first.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.config() }
	serve(ctx, g, handler, tls.NewListener(listener, first))
	return nil
}
