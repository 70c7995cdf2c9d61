// Package adapterpb is generated from adapters/adapter.proto: the messages and
// the service between the hub and adapters that are programs of their own.
//
// It holds no code of ours; "make proto" makes it anew. Start with package
// adapters/external/sdk.
package adapterpb
