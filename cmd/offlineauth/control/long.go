package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// reportInterval is how often long work says how far it is, also when it is no
// further: that keeps the connection alive.
const reportInterval = 200 * time.Millisecond

// A report is one of the lines that long work answers with: how far it is, and
// in the last one what came of it.
type report struct {
	Done   int             `json:"done,omitempty"`
	Total  int             `json:"total,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Error          `json:"failure,omitempty"`
}

// long serves work that may take minutes. When the caller goes away, so does the
// request's context.
func long(work func(*http.Request, store.Progress) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		body, err := io.ReadAll(r.Body) // the server only notices that a caller has gone once the body is read
		if err != nil {
			write(w, http.StatusBadRequest, malformed("that is too long"))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.Header().Set("Content-Type", "application/json-seq")
		w.WriteHeader(http.StatusOK)
		lines := &reports{encoder: json.NewEncoder(w), flush: http.NewResponseController(w).Flush}
		stop := lines.start()
		result, err := work(r, lines.progress)
		stop()
		lines.last(result, err)
	})
}

// reports writes the latest progress now and then.
type reports struct {
	encoder *json.Encoder
	flush   func() error

	mu     sync.Mutex
	latest report
}

func (l *reports) progress(done, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest = report{Done: done, Total: total}
}

// start writes until stop is called, which returns when nothing is written any
// more.
func (l *reports) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var writing sync.WaitGroup
	writing.Go(func() {
		ticker := time.NewTicker(reportInterval)
		defer ticker.Stop()
		for {
			l.mu.Lock()
			latest := l.latest
			l.mu.Unlock()
			l.write(latest)
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		writing.Wait()
	}
}

func (l *reports) last(result any, err error) {
	if err != nil {
		l.write(report{Error: asError(err)})
		return
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		l.write(report{Error: asError(err)})
		return
	}
	l.write(report{Result: encoded})
}

// write ignores errors: the command may be gone.
func (l *reports) write(line report) {
	_ = l.encoder.Encode(line)
	_ = l.flush()
}

// callLong asks for long work and hands on how far it is.
func callLong[T any](ctx context.Context, a API, path string, body any, progress store.Progress) (result T, err error) {
	response, err := a.send(ctx, http.MethodPost, path, body)
	if err != nil {
		return result, err
	}
	defer response.Body.Close()
	for lines := json.NewDecoder(response.Body); ; {
		var line report
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return result, errors.New("the server ended before the work was done")
		case err != nil:
			return result, err
		case line.Error != nil:
			return result, line.Error
		case line.Result != nil:
			return result, json.Unmarshal(line.Result, &result)
		case line.Total > 0 && progress != nil:
			progress(line.Done, line.Total)
		}
	}
}
