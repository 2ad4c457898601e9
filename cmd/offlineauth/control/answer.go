package control

import (
	"encoding/json"
	"errors"
	"net/http"
)

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 64 << 10

// answer holds what all endpoints share: a bounded body, JSON out, errors mapped once.
func answer(serve func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		body, err := serve(r)
		if err != nil {
			refusal := asError(err)
			write(w, refusal.Status, refusal)
			return
		}
		write(w, http.StatusOK, body)
	})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the command may be gone
}

func decode[T any](r *http.Request) (T, error) {
	var v T
	err := json.NewDecoder(r.Body).Decode(&v)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return v, malformed("that is too long")
	case err != nil:
		return v, malformed("the body is not the JSON expected: " + err.Error())
	}
	return v, nil
}

func malformed(why string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "invalid_request", Description: why}
}

func convert[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}
