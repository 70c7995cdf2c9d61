package egress

import (
	"net/netip"
	"slices"
)

// metadata lists where clouds keep their machines' credentials.
func metadata() []netip.Addr {
	return []netip.Addr{
		netip.AddrFrom4([4]byte{169, 254, 169, 254}), // most clouds
		netip.AddrFrom4([4]byte{100, 100, 100, 200}), // Alibaba Cloud
		netip.MustParseAddr("fd00:ec2::254"),         // AWS, IPv6
		netip.MustParseAddr("fd20:ce::254"),          // Google Cloud, IPv6
	}
}

// isMetadata reports whether a is a metadata service or any link-local
// address: none may be allowed with a whole network.
func isMetadata(a netip.Addr) bool {
	if slices.Contains(metadata(), a) {
		return true
	}
	return a.IsLinkLocalUnicast()
}

// isReserved reports whether a is unicast in form but nobody's public service,
// or carries another address inside (NAT64, 6to4, Teredo).
func isReserved(a netip.Addr) bool {
	if a.Is4() {
		b := a.As4()
		switch {
		case b[0] == 0, b[0] >= 240,
			b[0] == 100 && b[1]&0xc0 == 64,           // carrier-grade NAT
			b[0] == 192 && b[1] == 0 && b[2] == 0,    // protocol assignments
			b[0] == 192 && b[1] == 0 && b[2] == 2,    // documentation
			b[0] == 192 && b[1] == 88 && b[2] == 99,  // 6to4 relay
			b[0] == 198 && b[1]&0xfe == 18,           // benchmarks
			b[0] == 198 && b[1] == 51 && b[2] == 100, // documentation
			b[0] == 203 && b[1] == 0 && b[2] == 113:  // documentation
			return true
		}
		return false
	}
	b := a.As16()
	word := func(i int) uint16 { return uint16(b[2*i])<<8 | uint16(b[2*i+1]) }
	switch {
	case word(0) == 0x64 && word(1) == 0xff9b, // NAT64, both prefixes
		word(0) == 0x2002,                     // 6to4
		word(0) == 0x2001 && word(1) < 0x0200, // Teredo and other protocol assignments
		word(0) == 0x2001 && word(1) == 0x0db8,
		word(0)&0xffc0 == 0xfec0, // old site-local
		word(0) == 0x0100,        // discard
		word(0) == 0:             // IPv4-compatible, IPv4-translated
		return true
	}
	return false
}

// plainPrefix writes a prefix of IPv4-mapped addresses as IPv4.
func plainPrefix(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}
