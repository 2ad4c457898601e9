//go:build linux

package binder

// What of linux/android/binder.h is used here.

// How ioctl(2) and the commands of the driver are numbered: what is passed, which
// way, for whom.
const (
	in  = 1 << 30 // _IOW: the driver reads it
	out = 2 << 30 // _IOR: the driver writes it

	number      = 4 << 16  // __u32, __s32
	address     = 8 << 16  // binder_uintptr_t
	handleMark  = 12 << 16 // struct binder_handle_cookie, packed
	addressMark = 16 << 16 // struct binder_ptr_cookie
	transfer    = 64 << 16 // struct binder_transaction_data

	request = 'b' << 8 // of ioctl(2)
	say     = 'c' << 8 // to the driver
	told    = 'r' << 8 // by the driver
)

// Requests of ioctl(2).
const (
	ioWriteRead        = in | out | 48<<16 | request | 1 // BINDER_WRITE_READ
	ioSetMaxThreads    = in | number | request | 5
	ioSetContextMgr    = in | number | request | 7
	ioVersion          = in | out | number | request | 9
	ioFreeze           = in | 12<<16 | request | 14
	ioGetExtendedError = in | out | 12<<16 | request | 17

	protocolVersion = 8 // BINDER_CURRENT_PROTOCOL_VERSION
)

// Commands to the driver, binder_driver_command_protocol.
const (
	bcTransaction              = in | transfer | say // its number is 0
	bcReply                    = in | transfer | say | 1
	bcFreeBuffer               = in | address | say | 3
	bcAcquire                  = in | number | say | 5
	bcRelease                  = in | number | say | 6
	bcIncrefsDone              = in | addressMark | say | 8
	bcAcquireDone              = in | addressMark | say | 9
	bcEnterLooper              = say | 12
	bcRequestDeathNotification = in | handleMark | say | 14
	bcDeadBinderDone           = in | address | say | 16
)

// Commands of the driver, binder_driver_return_protocol.
const (
	brError               = out | number | told // its number is 0
	brOK                  = told | 1
	brTransaction         = out | transfer | told | 2
	brReply               = out | transfer | told | 3
	brDeadReply           = told | 5
	brTransactionComplete = told | 6
	brIncrefs             = out | addressMark | told | 7
	brAcquire             = out | addressMark | told | 8
	brRelease             = out | addressMark | told | 9
	brDecrefs             = out | addressMark | told | 10
	brNoop                = told | 12
	brSpawnLooper         = told | 13
	brDeadBinder          = out | address | told | 15
	brFailedReply         = told | 17
	brFrozenReply         = told | 18
)

// Flags of a transaction, and of an object.
const (
	oneWay    = 0x01  // TF_ONE_WAY: nobody waits for an answer
	acceptFDs = 0x10  // TF_ACCEPT_FDS: the answer may have descriptors
	takesFDs  = 0x100 // FLAT_BINDER_FLAG_ACCEPTS_FDS: calls may
)

// Kinds of what the driver translates on its way (BINDER_TYPE_...), and their size in
// a parcel.
const (
	typeBinder = 's'<<24 | 'b'<<16 | '*'<<8 | typeLarge // an object of the sender
	typeHandle = 's'<<24 | 'h'<<16 | '*'<<8 | typeLarge // one of somebody else
	typeFD     = 'f'<<24 | 'd'<<16 | '*'<<8 | typeLarge // a descriptor
	typeLarge  = 0x85                                   // B_TYPE_LARGE

	objectSize = 24
)

// flatObject is struct flat_binder_object, and struct binder_fd_object.
type flatObject struct {
	Type, Flags uint32
	Value       uint64 // address of an own object, handle of another's, or descriptor
	Cookie      uint64
}

// transactionData is struct binder_transaction_data.
type transactionData struct {
	Target       uint64 // to the driver a handle, from the driver the address of an object
	Cookie       uint64
	Code, Flags  uint32
	SenderPID    int32  // 0 if the transaction is one-way
	SenderEUID   uint32 // by the kernel's word
	Size         uint64 // of the data
	ObjectsSize  uint64 // of the offsets of objects in the data
	Data, Object uint64 // their addresses
}

// writeRead is struct binder_write_read.
type writeRead struct {
	WriteSize, WriteConsumed, Write uint64
	ReadSize, ReadConsumed, Read    uint64
}

// freezeInfo is struct binder_freeze_info.
type freezeInfo struct{ PID, Enable, TimeoutMS uint32 }

// extendedError is struct binder_extended_error.
type extendedError struct {
	ID, Command uint32
	Param       int32 // negative errno
}
