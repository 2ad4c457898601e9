package control

import (
	"net/http"
	"os"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// OwnUser refuses callers of another uid: the control API is for the user whose
// directory it is, and for root, who can read it anyway.
func OwnUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, known := ipcapi.CallerFrom(r.Context())
		if !known || caller.UID != os.Getuid() && caller.UID != 0 {
			write(w, http.StatusForbidden, &Error{Code: "access_denied", Description: "this socket answers its own user alone"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
