//go:build linux

package device

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// SocketVariable is the environment variable in which processes of the device
// find its control socket.
const SocketVariable = "OFFLINEAUTH_DEVICE"

const (
	firstUID  = 10001            // of the first app, when apps have uids of their own
	grace     = 2 * time.Second  // for processes to end by themselves in Close
	endLimit  = 10 * time.Second // for everything to be gone in Close
	maxSocket = 107              // bytes in the path of a unix socket (unix(7))
)

// ErrClosed is returned by everything after [Device.Close].
var ErrClosed = errors.New("the device is closed")

// Options may be left zero.
type Options struct {
	// Opener is an executable that calls [Main]; "" is this program.
	Opener string
	// SharedUID has all apps run as the user of this process even if they could
	// have uids of their own.
	SharedUID bool
	// Browser opens the links that no app claims. Nil refuses them with [ErrNoApp].
	Browser func(ctx context.Context, uri string) error
	// Trace is told of every event as it happens, one at a time. It must return
	// soon and must not call the device.
	Trace func(Event)
}

// A Device is a simulated phone. Its methods are safe for concurrent use.
type Device struct {
	dir      string
	opts     Options
	separate bool // apps have uids of their own
	trace    *recorder
	control  *net.UnixListener
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	awake    int            // the end of a pipe whose other end is closed with ctx, for poll
	group    sync.WaitGroup // every goroutine of the device

	mu        sync.Mutex // held while a process starts: it is known before it can ask for anything
	closed    bool
	apps      []*installed // in the order of their installation
	processes map[int]*Process
}

// New makes a device that keeps its files in dir, which it creates if missing and
// makes passable (mode 0711), and which no device used before. The path has to be short, since it holds sockets,
// and, for apps with uids of their own, passable to them from the root down
// (testing.T.TempDir is not: use os.MkdirTemp).
func New(dir string, opts Options) (*Device, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	d := &Device{dir: dir, opts: opts, trace: newRecorder(opts.Trace), processes: map[int]*Process{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	if err := d.open(); err != nil {
		d.cancel()
		return nil, fmt.Errorf("simulated device in %s: %w", dir, err)
	}
	d.group.Go(d.serveControl)
	return d, nil
}

func (d *Device) open() error {
	if len(d.Socket()) > maxSocket {
		return fmt.Errorf("the path is too long for a socket: use one shorter than %d bytes", maxSocket-len("/control.sock"))
	}
	if err := makeDirs(d.dir); err != nil {
		return err
	}
	opener := d.opts.Opener
	if opener == "" {
		var err error
		if opener, err = os.Executable(); err != nil {
			return err
		}
	}
	if _, err := d.Provide(openerName, opener); err != nil {
		return err
	}
	if err := d.chooseUIDs(); err != nil {
		return err
	}
	var err error
	d.control, err = listenUnix("unix", d.Socket())
	if err != nil {
		return err
	}
	if err := d.watchClose(); err != nil {
		return errors.Join(err, d.control.Close())
	}
	return nil
}

// watchClose makes the end of ctx something to poll for.
func (d *Device) watchClose() error {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	d.awake = pipe[0]
	context.AfterFunc(d.ctx, func() { unix.Close(pipe[1]) })
	return nil
}

func makeDirs(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return err
	}
	for name, mode := range map[string]os.FileMode{"bin": 0o755, "apps": 0o711, "run": 0o711, "log": 0o700} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, mode); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil { // past the umask
			return err
		}
	}
	return nil
}

// Socket is the path of the control socket, which [Attestor] and [Launcher] call.
func (d *Device) Socket() string { return filepath.Join(d.dir, "control.sock") }

// Address is an address for a service in the device's own directory, in which
// every app can connect to sockets and none can make or remove them.
func (d *Device) Address(scheme ipcapi.Scheme, name string) ipcapi.Address {
	return ipcapi.Address{Scheme: scheme, Path: filepath.Join(d.dir, "run", name)}
}

// UID is the user that the app's processes run as, and whether that user is the
// app's alone: then a service sees the identity "uid:N" by itself.
func (d *Device) UID(pkg string) (uid int, own bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, err := d.find(pkg)
	if err != nil {
		return -1, false, err
	}
	return a.uid, d.separate, nil
}

// Close ends every process, kindly at first, and closes every socket. It returns
// when nothing is left, or with an error after ten seconds. The files stay, but
// for the sockets.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	processes := d.running("")
	d.mu.Unlock()
	d.cancel()
	d.control.Close()
	err := d.endAll(processes)
	if err == nil {
		d.group.Wait()
		unix.Close(d.awake)
	}
	for _, a := range d.apps {
		a.close()
	}
	return err
}
