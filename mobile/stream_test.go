//go:build unix

package mobile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// dial hands one end of a socket pair over, as a bound service does.
func (p *phone) dial(caller *Caller) (net.Conn, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	mine := os.NewFile(uintptr(pair[1]), "client")
	defer mine.Close()
	if err := p.Serve(pair[0], caller); err != nil {
		return nil, err
	}
	return net.FileConn(mine)
}

func (p *phone) client(caller *Caller) *http.Client {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return p.dial(caller) }}
	p.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestLargeBodiesOverStreams: eight threads, a megabyte each, both ways.
func TestLargeBodiesOverStreams(t *testing.T) {
	p := newPhone(t)
	token := p.login()
	large := strings.Repeat("a megabyte of notes ", 1<<20/20)
	client := p.client(maths)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://auth.example/notes/", strings.NewReader(large))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+token)
			response, err := client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); err != nil || !bytes.HasSuffix(body, []byte(large)) {
				t.Errorf("%s, %d bytes, %v", response.Status, len(body), err)
			}
		})
	}
	all.Wait()
}

func TestStreamsNameTheirCaller(t *testing.T) {
	p := newPhone(t)
	token := p.login()
	for caller, status := range map[*Caller]int{maths: 200, thief: 401} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://auth.example/userinfo", nil)
		p.must(err)
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := p.client(caller).Do(r)
		p.must(err)
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: %s", caller.Identity, response.Status)
		}
	}
}

func TestOneAppDoesNotTakeAllStreams(t *testing.T) {
	p := newPhone(t)
	first, err := p.dial(thief)
	p.must(err)
	for range maxStreams - 1 {
		stream, err := p.dial(thief)
		p.must(err)
		defer stream.Close()
	}
	if stream, err := p.dial(thief); err == nil {
		stream.Close()
		t.Error("it may have more")
	}
	stream, err := p.dial(maths)
	p.must(err)
	p.must(stream.Close())
	p.must(first.Close())
	for { // the service notices that it is closed
		if stream, err = p.dial(thief); err == nil {
			p.must(stream.Close())
			return
		}
	}
}

func TestWhatIsNoSocket(t *testing.T) {
	p := newPhone(t)
	if err := p.Serve(-1, maths); err == nil {
		t.Error("served no descriptor")
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	p.must(err)
	fd, err := syscall.Dup(int(file.Fd()))
	p.must(err)
	p.must(file.Close())
	if err := p.Serve(fd, maths); err == nil {
		t.Error("served a file")
	}
	if err := syscall.Close(fd); err == nil {
		t.Error("the descriptor was left open")
	}
}

// TestRestEndsStreams: a client learns that the process is about to be frozen, and
// connects anew.
func TestRestEndsStreams(t *testing.T) {
	p := newPhone(t)
	token := p.login()
	stream, err := p.dial(maths)
	p.must(err)
	defer stream.Close()
	_, err = stream.Write(get("/userinfo", token))
	p.must(err)
	buffer := make([]byte, 4096)
	n, err := stream.Read(buffer)
	p.must(err)
	if !strings.HasPrefix(string(buffer[:n]), "HTTP/1.1 200") {
		t.Fatalf("%s", buffer[:n])
	}
	p.Rest()
	for err == nil {
		_, err = stream.Read(buffer)
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended by %v", err)
	}
	response, err := p.client(maths).Get("http://auth.example/jwks")
	p.must(err)
	response.Body.Close()
}
