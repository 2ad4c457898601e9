//go:build linux

package binder

// The descriptor and the method of android.os.Messenger.
const (
	messenger     = "android.os.IMessenger"
	messengerSend = 1

	bundleMagic = 'L'<<24 | 'D'<<16 | 'N'<<8 | 'B'
	byteArray   = 13 // a kind of value
)

// A Message is an android.os.Message whose Bundle has one byte array.
type Message struct {
	What    int32
	Key     string
	Bytes   []byte
	ReplyTo *Object // of this process; nil for none

	from *Ref // what ReplyTo is to who receives it
}

// From is where the answer to a message that was received goes; nil for nowhere.
func (m *Message) From() *Ref { return m.from }

// Size is how many bytes the driver copies to bring the message to its receiver.
func (m *Message) Size() int { return m.parcel().Size() }

// Messenger returns an object that takes messages. uid is their sender's.
func Messenger(take func(uid int, m *Message)) *Object {
	return &Object{Interface: messenger, Serve: func(c *Call) (*Parcel, error) {
		m := readMessage(c.Parcel)
		if err := c.Parcel.Err(); err != nil {
			return nil, err
		}
		if c.Code == messengerSend && m != nil {
			take(c.UID, m)
		}
		return nil, nil
	}}
}

// SendMessage sends a message to a Messenger.
func (r *Ref) SendMessage(m *Message) error { return r.Send(messengerSend, m.parcel()) }

func (m *Message) parcel() *Parcel {
	p := NewParcel(messenger)
	p.WriteInt(1) // a message, not null
	p.WriteInt(m.What)
	p.WriteInt(0)  // arg1
	p.WriteInt(0)  // arg2
	p.WriteInt(0)  // no obj
	p.WriteLong(0) // when
	p.WriteInt(int32(m.bundleSize()))
	p.WriteInt(bundleMagic)
	p.WriteInt(1) // one entry
	p.WriteText(m.Key)
	p.WriteInt(byteArray)
	p.WriteBytes(m.Bytes)
	p.WriteObject(m.ReplyTo)
	p.WriteInt(-1) // sendingUid, which the receiver does not believe
	return p
}

// bundleSize is the length of the bundle, without its length and magic number.
func (m *Message) bundleSize() int {
	p := new(Parcel)
	p.WriteText(m.Key)
	return 4 + len(p.data) + 4 + 4 + len(m.Bytes) + (-len(m.Bytes) & 3)
}

func readMessage(p *Parcel) *Message {
	if p.ReadInt() == 0 {
		return nil
	}
	m := &Message{What: p.ReadInt()}
	p.take(4 + 4) // args
	if p.ReadInt() != 0 {
		p.fail("an object in a message")
	}
	p.ReadLong()
	p.ReadInt()
	if magic := p.ReadInt(); magic != bundleMagic {
		p.fail("a bundle that begins with %#x", magic)
	}
	if n := p.ReadInt(); n != 1 {
		p.fail("a bundle of %d entries", n)
	}
	m.Key = p.ReadText()
	if kind := p.ReadInt(); kind != byteArray {
		p.fail("a value of kind %d", kind)
	}
	m.Bytes = append([]byte(nil), p.ReadBytes()...)
	m.from = p.ReadRef()
	return m
}
