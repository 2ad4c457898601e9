package mobile

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

func TestLessonsAndRecords(t *testing.T) {
	p := &phone{T: t}
	app, err := Open(&Config{Issuer: issuer, DataDir: t.TempDir(), IPCService: "com.example.auth", Records: true}, p)
	p.must(err)
	p.App = app
	defer func() { p.must(app.Close()) }()
	p.must(p.AddAccount("amina", "Amina"))
	amina := p.list(p.Accounts())[0]["id"].(string)

	p.must(p.LaunchLesson(amina, "", "com.example.maths:/lesson", "respect", "https://maths.example/fractions", ""))
	link, err := linkhandler.ParseLaunchLink(p.uri)
	p.must(err)
	if link.Package != "com.example.auth" || link.Endpoint != issuer+"/xapi/" {
		t.Errorf("launched %+v", link)
	}
	if err := p.LaunchLesson(amina, "", "com.example.maths:/lesson", "scorm", "https://maths.example/fractions", ""); err == nil {
		t.Error("an unknown format was launched")
	}
	body := `{"actor":` + link.Actor + `,"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"object":{"id":"` + link.ActivityID + `"}}`
	head := strings.Join([]string{"POST /xapi/statements HTTP/1.1", "Host: auth.example", "X-Experience-API-Version: 1.0.3", "Content-Type: application/json",
		"Authorization: " + link.Authorization(), "Content-Length: "}, "\r\n")
	request := []byte(head + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	p.send(request, maths, "200")
	p.send(request, thief, "401") // the first app has it

	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer upstream.Close()
	p.must(p.AddUpstream(upstream.URL+"/", "school", "secret"))
	if err := p.ForwardNow(); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("forwarded: %v", err)
	}
	if all := p.list(p.Upstreams()); len(all) != 1 || all[0]["waiting"] != 1.0 || all[0]["password"] != nil {
		t.Errorf("upstreams %v", all)
	}
	p.must(p.RetryForwarding())
	p.must(p.RemoveUpstream(upstream.URL + "/"))
	if all := p.list(p.Upstreams()); len(all) != 0 {
		t.Errorf("upstreams %v", all)
	}
}
