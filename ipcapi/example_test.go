package ipcapi_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
)

func ExampleParseService() {
	service, err := ipcapi.ParseService("dbus:com.example.Lms,unix:/run/user/1000/lms/api,future:x")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, address := range service {
		fmt.Println(address.Scheme, address)
	}
	_, err = ipcapi.ParseService("unix:/run/../etc/passwd")
	fmt.Println(err)
	// Output:
	// dbus dbus:com.example.Lms
	// unix unix:/run/user/1000/lms/api
	// ipc-service "unix:/run/../etc/passwd": the path must be a file's, without empty, . or .. segments
}

func ExampleMarshalRequest() {
	r, err := http.NewRequest("POST", "https://issuer.example/token", strings.NewReader("grant_type=refresh_token"))
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b, err := ipcapi.MarshalRequest(r, ipcapi.Limits{})
	fmt.Println(strings.ReplaceAll(string(b), "\r\n", "\n"), err)
	// Output:
	// POST /token HTTP/1.1
	// Host: issuer.example
	// Content-Length: 24
	// Content-Type: application/x-www-form-urlencoded
	//
	// grant_type=refresh_token <nil>
}

func ExampleLocal() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := ipcapi.CallerFrom(r.Context())
		fmt.Fprint(w, caller.Identity)
	})
	caller := ipcapi.Caller{Transport: "local", UID: 10012, PID: -1, Identity: "uid:10012"}
	client := &http.Client{Transport: ipcapi.Local(handler, caller)}
	resp, err := client.Get("https://issuer.example/whoami")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, resp.ContentLength)
	// Output: 200 OK 9
}
