package client

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// slow gives a byte after each pause, and ends with its request.
type slow struct {
	request *http.Request
	pauses  []time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.pauses) == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(s.pauses[0]):
	case <-s.request.Context().Done():
		return 0, s.request.Context().Err()
	}
	s.pauses = s.pauses[1:]
	p[0] = 'x'
	return 1, nil
}

func (s *slow) Close() error { return nil }

func TestPatience(t *testing.T) {
	const step = patience - time.Second
	for _, c := range []struct {
		name           string
		head           time.Duration
		upload, answer []time.Duration
		stalls         bool
	}{
		{"quick", 0, nil, nil, false},
		{"slow, but it moves", step, []time.Duration{step, step}, []time.Duration{step, step, step}, false},
		{"no head", patience + 1, nil, nil, true},
		{"the body stops", 0, nil, []time.Duration{0, patience + 1}, true},
		{"the upload stops", 0, []time.Duration{step, patience + 1}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				base := roundTrip(func(r *http.Request) (*http.Response, error) {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						return nil, err
					}
					select {
					case <-time.After(c.head):
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
					return &http.Response{StatusCode: 200, Body: &slow{r, c.answer}}, nil
				})
				r, err := http.NewRequestWithContext(t.Context(), "POST", "https://a.example/", nil)
				if err != nil {
					t.Fatal(err)
				}
				upload := &slow{r, c.upload}
				r.Body = upload
				base2 := roundTrip(func(r *http.Request) (*http.Response, error) {
					upload.request = r
					return base(r)
				})
				err = readAll(patient{base2}, r)
				if errors.Is(err, ipcapi.ErrDeadline) != c.stalls || !c.stalls && err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func readAll(rt http.RoundTripper, r *http.Request) error {
	response, err := rt.RoundTrip(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	return err
}

// Whoever reads slowly is not cut off, and a late Close leaves no timer.
func TestSlowReaderIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: &slow{r, make([]time.Duration, 2)}}, nil
		})
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://a.example/", nil)
		response, err := patient{base}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			time.Sleep(10 * patience)
			if _, err := response.Body.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
		}
		response.Body.Close()
	})
}

// The answer begins before the request was sent in whole, and takes longer.
func TestUploadAfterTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			go func() {
				time.Sleep(time.Second)
				io.Copy(io.Discard, r.Body)
			}()
			return &http.Response{StatusCode: 200, Body: &slow{r, []time.Duration{time.Second}}}, nil
		})
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "https://a.example/", strings.NewReader("ab"))
		response, err := patient{base}.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		time.Sleep(2 * patience) // the reader takes its time
		if b, err := io.ReadAll(response.Body); len(b) != 1 || err != nil {
			t.Errorf("%q, %v", b, err)
		}
	})
}

// net/http gets a request's body again when it repeats the request.
func TestBodyCanBeHadAgain(t *testing.T) {
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		first, _ := io.ReadAll(r.Body)
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		again, _ := io.ReadAll(body)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(string(first) + string(again)))}, nil
	})
	r, _ := http.NewRequestWithContext(t.Context(), "POST", "https://a.example/", strings.NewReader("ab"))
	response, err := patient{base}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if b, err := io.ReadAll(response.Body); string(b) != "abab" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}
