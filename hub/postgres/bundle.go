package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/mashang-hub/mashang/hub"
)

// The first byte of a bundle.
const (
	bundlePlain byte = 0
	bundleS2    byte = 1
)

// bundleBytes is where a bundle ends and another begins.
const bundleBytes = 4 << 20

var errBundle = errors.New("the bundle is damaged")

// A bundle gathers the messages of one transaction for one outbox row. Their
// JSON repeats itself from case to case, so that packing them spares the
// server most of the bytes.
type bundle struct {
	n   int
	buf []byte
}

func (b *bundle) add(out []hub.Outgoing) {
	for _, o := range out {
		b.n++
		b.buf = appendField(b.buf, o.Topic)
		b.buf = appendField(b.buf, o.Key)
		b.buf = appendField(b.buf, o.ID)
		b.buf = appendField(b.buf, o.Payload)
	}
}

func appendField[T string | []byte](buf []byte, field T) []byte {
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(field)))
	return append(buf, field...)
}

// packed returns the row's value.
func (b *bundle) packed() []byte { return b.packedInto(make([]byte, b.most())) }

// most is how many bytes the row's value has at most.
func (b *bundle) most() int { return 1 + s2.MaxEncodedLen(len(b.buf)) }

// packedInto returns the row's value at the front of dst, which is of that size.
func (b *bundle) packedInto(dst []byte) []byte {
	dst[0] = bundleS2
	return dst[:1+len(s2.Encode(dst[1:], b.buf))]
}

// A packer packs one bundle after another in memory that it uses again: with
// thousands of messages a second, fresh memory costs as much as the packing.
type packer struct {
	raw bundle
	dst []byte
}

// pack packs as many messages from the front of out as make one bundle, and
// returns how many and the row's value.
func (p *packer) pack(out []hub.Outgoing) (n int, value []byte) {
	p.raw.n, p.raw.buf = 0, p.raw.buf[:0]
	for p.raw.n < len(out) && len(p.raw.buf) < bundleBytes {
		p.raw.add(out[p.raw.n : p.raw.n+1])
	}
	if most := p.raw.most(); len(p.dst) < most {
		p.dst = make([]byte, most+most/8)
	}
	return p.raw.n, slices.Clone(p.raw.packedInto(p.dst))
}

// bundles spreads messages over rows of a bounded size.
func bundles(out []hub.Outgoing) []*bundle {
	var all []*bundle
	for i := range out {
		if len(all) == 0 || len(all[len(all)-1].buf) >= bundleBytes {
			all = append(all, &bundle{buf: make([]byte, 0, min(sizeOf(out[i:]), bundleBytes+bundleBytes/4))})
		}
		all[len(all)-1].add(out[i : i+1])
	}
	return all
}

func sizeOf(out []hub.Outgoing) int {
	n := 0
	for _, o := range out {
		n += 16 + len(o.Topic) + len(o.Key) + len(o.ID) + len(o.Payload)
	}
	return n
}

// unpack appends the messages of a row to out.
func unpack(out []hub.Outgoing, n int, value []byte) ([]hub.Outgoing, error) {
	if len(value) == 0 {
		return out, errBundle
	}
	body := value[1:]
	if value[0] == bundleS2 {
		var err error
		if body, err = s2.Decode(nil, body); err != nil {
			return out, fmt.Errorf("unpack: %w", err)
		}
	}
	for range n {
		var fields [4][]byte
		for i := range fields {
			if len(body) < 4 || uint64(binary.BigEndian.Uint32(body)) > uint64(len(body)-4) {
				return out, errBundle
			}
			size := binary.BigEndian.Uint32(body)
			fields[i], body = body[4:4+size:4+size], body[4+size:]
		}
		out = append(out, hub.Outgoing{
			Topic: string(fields[0]), Key: string(fields[1]), ID: string(fields[2]), Payload: fields[3],
		})
	}
	return out, nil
}
