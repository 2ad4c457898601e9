package xapi_test

import (
	"testing"
)

func TestStateDocuments(t *testing.T) {
	l := newLRS(t)
	place := []string{"activityId", sums, "agent", amina}
	one := "/activities/state" + query(append(place, "stateId", "s")...)
	all := "/activities/state" + query(place...)
	l.want(404, "GET", one, "")
	l.want(204, "PUT", one, "some text", "Content-Type: text/plain")
	l.want(204, "PUT", one, "other text", "Content-Type: text/plain") // 1.0.3 lets the one writer be
	l.want(409, "PUT", one, "third text", "Content-Type: text/plain", second)
	w := l.want(200, "GET", one, "")
	if w.Body.String() != "other text" || w.Header().Get("Content-Type") != "text/plain" || w.Header().Get("Last-Modified") == "" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	l.want(304, "GET", one, "", "If-None-Match: "+w.Header().Get("ETag"))
	l.want(400, "POST", one, `{"a":1}`) // it cannot be joined with text
	l.want(204, "DELETE", one, "")
	l.want(204, "DELETE", one, "")
	l.want(204, "POST", one, `{"a":{"b":1},"c":[1, 2]}`)
	l.want(204, "POST", one, `{"a":{"d":2},"e":"f"}`)
	if got := l.want(200, "GET", one, "").Body.String(); got != `{"a":{"d":2},"c":[1, 2],"e":"f"}` {
		t.Errorf("joined: %s", got)
	}
	l.want(400, "POST", one, `[1]`)
	l.want(400, "POST", one, `{`)
	registered := "/activities/state" + query(append(place, "stateId", "t", "registration", uuid(7))...)
	l.want(204, "PUT", registered, "{}")
	if got := l.want(200, "GET", all, "").Body.String(); got != `["s","t"]` {
		t.Errorf("ids %s", got)
	}
	if got := l.want(200, "GET", all+"&since=2100-01-01T00:00:00Z", "").Body.String(); got != `[]` {
		t.Errorf("ids since %s", got)
	}
	l.want(204, "DELETE", all, "")
	if got := l.want(200, "GET", all, "").Body.String(); got != `[]` {
		t.Errorf("ids %s", got)
	}
	for _, bad := range []string{
		"/activities/state", "/activities/state" + query("activityId", sums), "/activities/state" + query("activityId", "x", "agent", amina, "stateId", "s"),
		"/activities/state" + query("activityId", sums, "agent", "{}", "stateId", "s"), one + "&registration=1", one + "&profileId=1", all + "&stateId=",
		all + "&since=x", one + "&since=2100-01-01T00:00:00Z",
	} {
		l.want(400, "GET", bad, "")
	}
	l.want(400, "PUT", all, "{}")
}

// TestProfilesAreReplacedWithCare: who does not say what is replaced has not
// looked (Communication 3.1).
func TestProfilesAreReplacedWithCare(t *testing.T) {
	l := newLRS(t)
	for _, target := range []string{"/activities/profile" + query("activityId", sums, "profileId", "p"), "/agents/profile" + query("agent", amina, "profileId", "p")} {
		l.want(400, "PUT", target, "{}") // in 1.0.3 always one of the two headers
		l.want(412, "PUT", target, "{}", "If-Match: *")
		l.want(204, "PUT", target, "{}", "If-None-Match: *")
		l.want(409, "PUT", target, "{}")
		l.want(409, "PUT", target, "{}", second)
		l.want(412, "PUT", target, "{}", "If-None-Match: *")
		l.want(412, "PUT", target, "{}", `If-Match: "0000000000000000000000000000000000000000"`)
		tag := l.want(200, "GET", target, "").Header().Get("ETag")
		l.want(204, "PUT", target, `{"a":1}`, "If-Match: "+tag)
		l.want(412, "POST", target, `{"b":1}`, "If-Match: "+tag)
		l.want(412, "DELETE", target, "", "If-Match: "+tag)
		if got := l.want(200, "GET", target, "").Body.String(); got != `{"a":1}` {
			t.Errorf("%s: %s", target, got)
		}
		l.want(204, "DELETE", target, "")
		l.want(204, "PUT", target, "{}", second) // 2.0 asks for a header only if there is something to lose
		l.want(400, "DELETE", target[:len(target)-len("&profileId=p")], "")
	}
}
