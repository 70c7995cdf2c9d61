// Package egress (出网守卫) keeps outgoing calls away from the hub's own
// neighbours: loopback, link-local, cloud metadata, private and reserved
// addresses are refused when the connection is dialled, after the name was
// resolved, so that neither a name that changes its address nor a redirect
// gets around it.
//
// What is private may be allowed by configuration, network by network; the
// addresses of cloud metadata only one by one. It refuses to know what is sent.
// Start with [New] and [Guard.Client].
package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/mashang-hub/mashang/hub"
)

// ErrBlocked says that an address may not be reached. Errors of a guarded
// client wrap it.
var ErrBlocked = errors.New("address is loopback, private or reserved and not allowed")

// A Guard decides which addresses may be reached. The zero value allows the
// public ones only. It is safe for concurrent use.
type Guard struct {
	allow []netip.Prefix
}

// New returns a guard that also allows the networks in allow.
func New(allow ...netip.Prefix) *Guard {
	g := &Guard{allow: make([]netip.Prefix, len(allow))}
	for i, p := range allow {
		g.allow[i] = plainPrefix(p)
	}
	return g
}

// Parse reads networks, such as 10.20.0.0/16, or single addresses.
func Parse(list ...string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(s); err == nil {
				p = netip.PrefixFrom(a, a.BitLen())
			}
		}
		if err != nil {
			return nil, &hub.Error{Code: hub.CodeInvalid, Key: "egress.network", Args: []any{s}, Err: err}
		}
		out = append(out, p)
	}
	return out, nil
}

// Loopback lists the machine's own addresses, for demonstrations and tests.
func Loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// Check returns an error that wraps ErrBlocked if a may not be reached.
func (g *Guard) Check(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	special := isMetadata(a)
	for _, p := range g.allow {
		if p.Contains(a) && (!special || p.IsSingleIP()) {
			return nil
		}
	}
	if special || !a.IsGlobalUnicast() || a.IsPrivate() || isReserved(a) {
		return fmt.Errorf("%w: %s", ErrBlocked, a)
	}
	return nil
}

// CheckURL returns an error if raw is not http(s)://host/path without a user
// name, or names an address that may not be reached. A host name is checked
// when it is dialled.
func (g *Guard) CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
		return hub.Errorf(hub.CodeInvalid, "egress.url", "http(s)://host/path")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := g.Check(a); err != nil {
			return &hub.Error{Code: hub.CodeInvalid, Key: "egress.blocked", Args: []any{u.Hostname()}, Err: err}
		}
	}
	return nil
}

// Control is the hook for net.Dialer.ControlContext: it sees the address that
// is about to be connected to.
func (g *Guard) Control(_ context.Context, network, address string, _ syscall.RawConn) error {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	default:
		return fmt.Errorf("%w: network %s", ErrBlocked, network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrBlocked, address)
	}
	return g.Check(ap.Addr())
}

// Dialer returns a dialer for protocols other than HTTP.
func (g *Guard) Dialer() *net.Dialer {
	return &net.Dialer{Timeout: 5 * time.Second, ControlContext: g.Control}
}

// Transport returns a guarded transport of its own with up to parallel
// connections per host. Proxies of the environment are not used: they would
// dial in its place.
func (g *Guard) Transport(parallel int) *http.Transport {
	return &http.Transport{
		DialContext: g.Dialer().DialContext, ForceAttemptHTTP2: true,
		MaxConnsPerHost: parallel, MaxIdleConnsPerHost: parallel, MaxIdleConns: 4 * parallel,
		TLSHandshakeTimeout: 5 * time.Second, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Client returns a guarded client whose calls end after timeout. It does not
// follow redirects: their answer is returned as it is.
func (g *Guard) Client(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout, Transport: g.Transport(16),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
