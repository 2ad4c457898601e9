package dbusipc

import (
	"context"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// An API is one interface of an object: its name, its <interface> element for
// introspection data, and its methods by their names.
type API struct {
	Interface     string
	Introspection string
	Methods       map[string]Method
}

// A Method answers the calls that have the types it expects. Others are answered by an
// error before it sees them.
type Method struct {
	Args     string           // the types of its arguments, as a signature
	Limit    int64            // bytes of arguments; zero means 64 KiB
	TooLarge func() wire.Body // answers a call with more; nil means an error
	// Do answers a call of the connection that has the unique name caller. Files that
	// came with the arguments and were not taken are closed afterwards, and so are
	// those of the answer when the bus has it. The context ends with the connection.
	Do func(ctx context.Context, caller string, args *wire.Args) (wire.Body, *Error)
}

func (m Method) limit() int64 {
	if m.Limit <= 0 {
		return 64 << 10
	}
	return m.Limit
}
