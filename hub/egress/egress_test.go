package egress_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mashang-hub/mashang/hub"
	"github.com/mashang-hub/mashang/hub/egress"
)

func TestBlockedAddresses(t *testing.T) {
	g := egress.New()
	for _, s := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "192.0.0.1", "192.0.2.1", "198.18.0.1",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::a9fe:a9fe",
		"64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
		"fec0::1", "ff02::1", "100::1",
	} {
		if err := g.Check(netip.MustParseAddr(s)); !errors.Is(err, egress.ErrBlocked) {
			t.Errorf("%s is let through: %v", s, err)
		}
	}
	for _, s := range []string{"1.1.1.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "198.20.0.1", "2606:4700::1111", "2001:4860:4860::8888"} {
		if err := g.Check(netip.MustParseAddr(s)); err != nil {
			t.Errorf("%s is blocked: %v", s, err)
		}
	}
}

func TestAllowList(t *testing.T) {
	networks, err := egress.Parse("10.20.0.0/16", "192.168.7.7", "::ffff:172.16.0.0/112", "0.0.0.0/0")
	if err != nil {
		t.Fatal(err)
	}
	g := egress.New(networks...)
	for _, s := range []string{"10.20.30.40", "192.168.7.7", "172.16.9.9", "127.0.0.1", "::ffff:10.20.0.1"} {
		if err := g.Check(netip.MustParseAddr(s)); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	// A whole network never opens metadata and link-local addresses.
	for _, s := range []string{"169.254.169.254", "100.100.100.200", "169.254.1.1", "::1"} {
		if err := g.Check(netip.MustParseAddr(s)); !errors.Is(err, egress.ErrBlocked) {
			t.Errorf("%s: %v", s, err)
		}
	}
	if err := egress.New(netip.MustParsePrefix("169.254.169.254/32")).Check(netip.MustParseAddr("169.254.169.254")); err != nil {
		t.Errorf("named one by one: %v", err)
	}
	if _, err := egress.Parse("10.0.0.0/33"); hub.CodeOf(err) != hub.CodeInvalid {
		t.Errorf("bad network: %v", err)
	}
}

func TestURLs(t *testing.T) {
	g := egress.New()
	for _, s := range []string{
		"ftp://example.com/", "http://", "file:///etc/passwd", "http://user:pw@example.com/", "http://127.0.0.1/",
		"http://[::1]/", "http://[::ffff:169.254.169.254]/latest", "::", "gopher://x", "//example.com/x",
	} {
		if err := g.CheckURL(s); hub.CodeOf(err) != hub.CodeInvalid {
			t.Errorf("%s: %v", s, err)
		}
	}
	if err := g.CheckURL("https://example.com/hook?x=1"); err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, c *http.Client, url string) (status int, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// TestBlockedWhenDialled reaches for a real server by every spelling of its
// address; no call may arrive.
func TestBlockedWhenDialled(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	c := egress.New().Client(5 * time.Second)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "127.1"} {
		if _, err := get(t, c, "http://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s was reached", host)
		}
	}
	if _, err := get(t, c, "http://localhost:"+port); !errors.Is(err, egress.ErrBlocked) {
		t.Errorf("a name that resolves to loopback: %v", err)
	}
	if calls != 0 {
		t.Errorf("%d calls arrived", calls)
	}
	if _, err := get(t, egress.New(egress.Loopback()...).Client(5*time.Second), server.URL); err != nil || calls != 1 {
		t.Errorf("allowed: %v after %d calls", err, calls)
	}
}

// TestRebind resolves a name first to an allowed and then to a blocked
// address: each dial is checked.
func TestRebind(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	addr := strings.TrimPrefix(server.URL, "http://")
	g := egress.New(netip.MustParsePrefix("127.0.0.1/32"))
	tr := g.Transport(2)
	to := addr
	d := g.Dialer()
	tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) { return d.DialContext(ctx, network, to) }
	tr.DisableKeepAlives = true
	c := &http.Client{Transport: tr, Timeout: 5 * time.Second}
	if _, err := get(t, c, "http://rebind.example/"); err != nil {
		t.Fatalf("first: %v", err)
	}
	_, port, _ := net.SplitHostPort(addr)
	to = "127.0.0.2:" + port
	if _, err := get(t, c, "http://rebind.example/"); !errors.Is(err, egress.ErrBlocked) {
		t.Errorf("after the name changed: %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
	}))
	t.Cleanup(server.Close)
	status, err := get(t, egress.New(egress.Loopback()...).Client(5*time.Second), server.URL)
	if err != nil || status != http.StatusFound || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestOtherNetworksAreBlocked(t *testing.T) {
	for _, network := range []string{"unix", "ip4:icmp", "unixgram"} {
		if err := egress.New().Control(t.Context(), network, "1.1.1.1:1", nil); !errors.Is(err, egress.ErrBlocked) {
			t.Errorf("%s: %v", network, err)
		}
	}
	if err := egress.New().Control(t.Context(), "tcp", "nonsense", nil); !errors.Is(err, egress.ErrBlocked) {
		t.Errorf("nonsense: %v", err)
	}
}
