package xapi_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

func TestPutAndGet(t *testing.T) {
	l := newLRS(t)
	st := simple(uuid(1), amina, did, sums)
	l.want(204, "PUT", "/statements"+query("statementId", uuid(1)), st)
	l.want(204, "PUT", "/statements"+query("statementId", uuid(1)), st) // again
	l.want(204, "PUT", "/statements"+query("statementId", uuid(2)), strings.Replace(st, `"id":"`+uuid(1)+`",`, "", 1))
	l.want(409, "PUT", "/statements"+query("statementId", uuid(1)), simple(uuid(1), karim, did, sums))
	l.want(400, "PUT", "/statements"+query("statementId", uuid(3)), st)
	l.want(400, "PUT", "/statements", st)
	l.want(400, "PUT", "/statements"+query("statementId", uuid(1)), "["+st+"]")
	w := l.want(200, "GET", "/statements"+query("statementId", uuid(2)), "")
	if id := at(t, w, "id"); id != uuid(2) || w.Header().Get("Last-Modified") == "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%v %v", id, w.Header())
	}
	l.want(404, "GET", "/statements"+query("statementId", uuid(9)), "")
	l.want(404, "GET", "/statements"+query("voidedStatementId", uuid(1)), "")
}

func TestPost(t *testing.T) {
	l := newLRS(t)
	w := l.want(200, "POST", "/statements", "["+simple(uuid(1), amina, did, sums)+","+simple(uuid(2), amina, saw, sums)+"]")
	if at(t, w, 0) != uuid(1) || at(t, w, 1) != uuid(2) {
		t.Errorf("ids %s", w.Body)
	}
	if w = l.want(200, "POST", "/statements", "[]"); strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("of nothing %s", w.Body)
	}
	w = l.want(200, "POST", "/statements", strings.Replace(simple("", amina, did, sums), `"id":"",`, "", 1))
	if id, _ := at(t, w, 0).(string); len(id) != 36 {
		t.Errorf("assigned %q", id)
	}
	// A batch is stored whole or not at all.
	l.want(400, "POST", "/statements", "["+simple(uuid(3), amina, did, sums)+`,{"id":1}]`)
	l.want(404, "GET", "/statements"+query("statementId", uuid(3)), "")
	for _, bad := range [][]string{
		{"/statements" + query("statementId", uuid(4)), simple(uuid(4), amina, did, sums)},
		{"/statements", "{"},
		{"/statements", ""},
		{"/statements", simple(uuid(4), amina, did, sums), "Content-Type: text/plain"},
		{"/statements", simple(uuid(4), amina, did, sums), "Content-Type: "},
		{"/statements", "[" + simple(uuid(4), amina, did, sums) + "," + simple(uuid(4), amina, did, sums) + "]", second},
	} {
		l.want(400, "POST", bad[0], bad[1], bad[2:]...)
	}
	l.want(413, "POST", "/statements", `["`+strings.Repeat("x", 70<<10)+`"]`)
	if w := l.want(400, "POST", "/statements", strings.Replace(simple(uuid(4), amina, did, sums), "mailto:", "", 1)); !strings.Contains(w.Body.String(), "/actor/mbox") {
		t.Errorf("the answer does not say where: %s", w.Body)
	}
}

// TestVersions: an answer has the newest patch of what was asked for. Those who
// ask for none speak 0.9.
func TestVersions(t *testing.T) {
	l := newLRS(t)
	for _, test := range []struct {
		asked, answered string
		status          int
	}{
		{"1.0", "1.0.3", 200}, {"1.0.0", "1.0.3", 200}, {"1.0.9", "1.0.3", 200}, {"2.0", "2.0.0", 200}, {"2.0.0", "2.0.0", 200},
		{"", "0.9", 400}, {"0.95", "0.9", 400}, {"1.1.0", "0.9", 400}, {"1.0.x", "0.9", 400}, {"3.0.0", "0.9", 400},
	} {
		w := l.want(test.status, "GET", "/statements", "", "X-Experience-API-Version: "+test.asked)
		if got := w.Header().Get("X-Experience-API-Version"); got != test.answered {
			t.Errorf("%q is answered by %q", test.asked, got)
		}
	}
	l.want(200, "GET", "/about", "", "X-Experience-API-Version: ", "Authorization: ")
}

// TestConsistentThrough is on every answer to a query, even a refusal.
func TestConsistentThrough(t *testing.T) {
	l := newLRS(t)
	before := time.Now()
	for status, r := range map[int][]string{
		200: {"/statements"}, 400: {"/statements?verb=x"}, 401: {"/statements", of("bad")}, 403: {"/statements", of("state")},
		404: {"/statements" + query("statementId", uuid(1))},
	} {
		w := l.want(status, "GET", r[0], "", r[1:]...)
		through, err := time.Parse(time.RFC3339, w.Header().Get("X-Experience-API-Consistent-Through"))
		if err != nil || through.Before(before.Add(-time.Second)) {
			t.Errorf("%d: %v, %v", status, through, err)
		}
	}
}

func TestBadQueries(t *testing.T) {
	l := newLRS(t)
	for _, q := range []string{
		"?statementId=x", "?statementId=", "?limit=-1", "?limit=x", "?ascending=yes", "?verb=did", "?activity=sums", "?registration=1", "?agent=amina",
		"?agent={}", "?since=yesterday", "?until=1", "?format=xml", "?attachments=1", "?Verb=x:y", "?verb=x:y&verb=x:z", "?from=0", "?from=!",
		query("statementId", uuid(1), "voidedStatementId", uuid(2)), query("statementId", uuid(1), "verb", did),
		query("voidedStatementId", uuid(1), "limit", "1"),
	} {
		l.want(400, "GET", "/statements"+strings.ReplaceAll(q, "{}", "%7B%7D"), "")
	}
	l.want(405, "DELETE", "/statements", "")
	l.want(404, "GET", "/elsewhere", "")
}

// TestPages follows «more», also through a proxy that serves the issuer below a
// path of its own.
func TestPages(t *testing.T) {
	l := newLRS(t)
	for n := range 5 {
		l.want(204, "PUT", "/statements"+query("statementId", uuid(n)), simple(uuid(n), amina, did, sums))
	}
	target := "/statements" + query("limit", "2", "verb", did, "ascending", "true")
	var ids []any
	for target != "" {
		w := l.want(200, "GET", target, "", "X-Forwarded-Prefix: /secret")
		for _, st := range at(t, w, "statements").([]any) {
			ids = append(ids, st.(map[string]any)["id"])
		}
		more := at(t, w, "more").(string)
		if more != "" && !strings.HasPrefix(more, "/secret/xapi/statements?") {
			t.Fatalf("more %q", more)
		}
		target = strings.TrimPrefix(more, "/secret/xapi")
	}
	if want := []any{uuid(0), uuid(1), uuid(2), uuid(3), uuid(4)}; fmt.Sprint(ids) != fmt.Sprint(want) {
		t.Errorf("found %v", ids)
	}
	if more := at(t, l.ask("GET", "/statements?limit=1", "", "X-Forwarded-Prefix: //evil.example"), "more").(string); !strings.HasPrefix(more, "/xapi/") {
		t.Errorf("more %q", more)
	}
}

func TestFormats(t *testing.T) {
	l := newLRS(t)
	const sent = `{"id":"00000000-0000-4000-8000-000000000001", "actor" : {"objectType":"Group","name":"Team","member":[{"name":"Amina","mbox":"mailto:amina@example.com"}]},
		"verb":{"id":"x:did","display":{"de":"tat","en-GB":"did","en-US":"done"}},
		"object":{"objectType":"Activity","id":"x:sums","definition":{"name":{"en":"Sums","de":"Summen"},"extensions":{"x:pi":3.140}}},
		"result":{"score":{"scaled":0.50}},"timestamp":"2020-01-01T00:00:00+01:00",
		"context":{"contextActivities":{"parent":{"id":"x:course","definition":{"type":"x:y"}}}}}`
	l.want(204, "PUT", "/statements"+query("statementId", uuid(1)), sent)
	l.want(200, "POST", "/statements", `{"actor":`+amina+`,"verb":{"id":"x:saw"},"object":{"id":"x:sums","definition":{"name":{"fr":"Sommes"},"type":"x:t"}}}`)
	get := func(format string, headers ...string) string {
		return l.want(200, "GET", "/statements"+query("statementId", uuid(1), "format", format), "", headers...).Body.String()
	}
	exact := get("exact")
	for _, kept := range []string{`"actor" : {"objectType"`, `{"x:pi":3.140}`, `{"scaled":0.50}`, `"2020-01-01T00:00:00+01:00"`, `"parent":[{"id":"x:course","definition":{"type":"x:y"}}]`} {
		if !strings.Contains(exact, kept) {
			t.Errorf("exact is without %s: %s", kept, exact)
		}
	}
	ids := get("ids")
	for _, kept := range []string{
		`"actor":{"objectType":"Group","member":[{"mbox":"mailto:amina@example.com"}]}`, `"verb":{"id":"x:did"}`, `"object":{"id":"x:sums"}`,
		`"contextActivities":{"parent":[{"id":"x:course"}]}`, `"result":{"score":{"scaled":0.50}}`,
	} {
		if !strings.Contains(ids, kept) {
			t.Errorf("ids is without %s: %s", kept, ids)
		}
	}
	canonical := get("canonical", "Accept-Language: fr;q=0.5, en")
	for _, kept := range []string{`"display":{"en-GB":"did"}`, `"definition":{"name":{"en":"Sums"},"extensions":{"x:pi":3.140},"type":"x:t"}`} {
		if !strings.Contains(canonical, kept) {
			t.Errorf("canonical is without %s: %s", kept, canonical)
		}
	}
	if canonical := get("canonical", "Accept-Language: fr"); !strings.Contains(canonical, `"name":{"fr":"Sommes"}`) || !strings.Contains(canonical, `"display":{"de":"tat"}`) {
		t.Errorf("canonical in French: %s", canonical)
	}
}

// TestSecondVersionStores: UTC, its number, and what 1.0.3 has not.
func TestSecondVersionStores(t *testing.T) {
	l := newLRS(t)
	st := strings.TrimSuffix(simple(uuid(1), amina, did, sums), "}") +
		`,"timestamp":"2023-05-04T12:00:00.5-05:00","context":{"contextAgents":[{"objectType":"contextAgent","agent":` + karim + `}]}}`
	l.want(400, "POST", "/statements", st)
	l.want(200, "POST", "/statements", st, second)
	w := l.want(200, "GET", "/statements"+query("statementId", uuid(1)), "", second)
	if at(t, w, "timestamp") != "2023-05-04T17:00:00.5Z" || at(t, w, "version") != "2.0.0" {
		t.Errorf("%s", w.Body)
	}
	for _, agent := range []struct {
		json string
		n    int
	}{{karim, 1}, {`{"mbox":"mailto:nobody@example.com"}`, 0}} {
		w = l.want(200, "GET", "/statements"+query("agent", agent.json, "related_agents", "true"), "")
		if got := at(t, w, "statements").([]any); len(got) != agent.n {
			t.Errorf("%s: %v", agent.json, got)
		}
	}
}

// TestAlternateSyntax: 1.0.3 has it, 2.0 has it no more.
func TestAlternateSyntax(t *testing.T) {
	l := newLRS(t)
	form := query("statementId", uuid(1), "content", simple(uuid(1), amina, did, sums), "Authorization", "Bearer all", "X-Experience-API-Version", "1.0.3")[1:]
	in := []string{"Content-Type: application/x-www-form-urlencoded", "Authorization: ", "X-Experience-API-Version: "}
	l.want(204, "POST", "/statements?method=PUT", form, in...)
	w := l.want(200, "POST", "/statements?method=GET", query("statementId", uuid(1), "Authorization", "Bearer all", "X-Experience-API-Version", "1.0.3")[1:], in...)
	if at(t, w, "id") != uuid(1) {
		t.Errorf("%s", w.Body)
	}
	l.want(401, "POST", "/statements?method=GET", "X-Experience-API-Version=1.0.3", in...)
	l.want(400, "POST", "/statements?method=PUT&statementId="+uuid(1), form, in...)
	l.want(400, "POST", "/statements?method=PATCH", form, in...)
	l.want(400, "POST", "/statements?method=PUT", form, "Content-Type: text/plain")
	l.want(400, "POST", "/statements?method=PUT", form, in[0], second)
	l.want(400, "POST", "/statements?method=PUT", strings.ReplaceAll(form, "1.0.3", "2.0.0"), in...)
}

// parts writes a body of multipart/mixed.
func parts(t *testing.T, statements string, files ...textproto.MIMEHeader) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	write := func(h textproto.MIMEHeader, content string) {
		delete(h, "content")
		w, err := m.CreatePart(h)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write(textproto.MIMEHeader{"Content-Type": {"application/json"}}, statements)
	for _, f := range files {
		write(f, f["content"][0])
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), "Content-Type: multipart/mixed; boundary=" + m.Boundary()
}

func sha2(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func file(content string) textproto.MIMEHeader {
	return textproto.MIMEHeader{
		"Content-Type": {"text/plain"}, "Content-Transfer-Encoding": {"binary"}, "X-Experience-Api-Hash": {sha2(content)}, "content": {content},
	}
}

func with(attachment string) string {
	return strings.TrimSuffix(simple(uuid(1), amina, did, sums), "}") + `,"attachments":[` + attachment + `]}`
}

func TestAttachments(t *testing.T) {
	l := newLRS(t)
	const content = "a file\r\n--with--\x00bytes"
	mention := `{"usageType":"x:usage","display":{"en":"A file"},"contentType":"text/plain","length":22,"sha2":"` + strings.ToUpper(sha2(content)) + `"}`
	other := file(content)
	other.Set("X-Experience-Api-Hash", sha2("other"))
	base64ed := file(content)
	base64ed.Set("Content-Transfer-Encoding", "base64")
	for name, files := range map[string][]textproto.MIMEHeader{
		"no file": nil, "another's sum": {other}, "not binary": {base64ed}, "one too many": {file(content), file("other")},
	} {
		body, contentType := parts(t, with(mention), files...)
		if w := l.ask("POST", "/statements", body, contentType); w.Code != 400 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	l.want(400, "POST", "/statements", with(mention))
	body, contentType := parts(t, with(mention), file(content))
	l.want(400, "POST", "/statements", body[:len(body)-20], contentType)
	l.want(200, "POST", "/statements", body, contentType)

	w := l.want(200, "GET", "/statements?attachments=true", "")
	kind, options, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("%s %v", kind, err)
	}
	reader := multipart.NewReader(w.Body, options["boundary"])
	var got []string
	for {
		part, err := reader.NextRawPart()
		if err != nil {
			break
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, part.Header.Get("Content-Type")+" "+part.Header.Get("X-Experience-API-Hash")+" "+string(text))
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], `application/json  {"statements":[{`) || got[1] != "text/plain "+sha2(content)+" "+content {
		t.Errorf("%q", got)
	}
	if w := l.want(200, "GET", "/statements", ""); w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%v", w.Header())
	}
}

// signed is a statement, a signature of another in its attachment.
func signed(t *testing.T, st, payload, alg string, key *rsa.PrivateKey, signer *rsa.PrivateKey) (body, contentType string) {
	t.Helper()
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	header := fmt.Sprintf(`{"alg":%q,"x5c":[%q]}`, alg, base64.StdEncoding.EncodeToString(certificate))
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, signer, 5, sum[:]) // crypto.SHA256
	if err != nil {
		t.Fatal(err)
	}
	jws := input + "." + encode(signature)
	mention := fmt.Sprintf(`{"usageType":"http://adlnet.gov/expapi/attachments/signature","display":{"en":"S"},"contentType":"application/octet-stream","length":%d,"sha2":%q}`, len(jws), sha2(jws))
	f := file(jws)
	f.Set("Content-Type", "application/octet-stream")
	return parts(t, strings.TrimSuffix(st, "}")+`,"attachments":[`+mention+`]}`, f)
}

func TestSignatures(t *testing.T) {
	l := newLRS(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	st := strings.TrimSuffix(simple(uuid(1), amina, did, sums), "}") + `,"result":{"duration":"PT1.129S"}}`
	for _, test := range []struct {
		name, payload, alg string
		signer             *rsa.PrivateKey
		status             int
	}{
		{"of another statement", strings.Replace(st, "amina", "karim", 1), "RS256", key, 400},
		{"by another key", st, "RS256", other, 400},
		{"algorithm ES256", st, "ES256", key, 400},
		{"algorithm none", st, "none", key, 400},
		{"a payload that is none", "[]", "RS256", key, 400},
		{"good, and the same to a hundredth of a second", strings.Replace(st, "1.129", "1.12", 1), "RS256", key, 200},
	} {
		body, contentType := signed(t, st, test.payload, test.alg, key, test.signer)
		if w := l.ask("POST", "/statements", body, contentType, second); w.Code != test.status {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
		}
	}
}

func TestPersonAndActivity(t *testing.T) {
	l := newLRS(t)
	for _, name := range []string{"Amina", "Mina", "Amina"} {
		l.want(200, "POST", "/statements", `{"actor":{"name":"`+name+`","mbox":"mailto:amina@example.com"},"verb":{"id":"x:did"},
			"object":{"id":"x:sums","definition":{"name":{"`+strings.ToLower(name[:2])+`":"`+name+`"}}}}`)
	}
	w := l.want(200, "GET", "/agents"+query("agent", amina), "")
	if got := strings.TrimSpace(w.Body.String()); got != `{"mbox":["mailto:amina@example.com"],"name":["Amina","Mina"],"objectType":"Person"}` {
		t.Errorf("%s", got)
	}
	w = l.want(200, "GET", "/activities"+query("activityId", "x:sums"), "")
	if got := w.Body.String(); got != `{"definition":{"name":{"am":"Amina","mi":"Mina"}},"id":"x:sums","objectType":"Activity"}` {
		t.Errorf("%s", got)
	}
	w = l.want(200, "GET", "/activities"+query("activityId", "x:unknown"), "")
	if got := w.Body.String(); got != `{"id":"x:unknown","objectType":"Activity"}` {
		t.Errorf("%s", got)
	}
	for _, bad := range []string{"/agents", "/agents?agent=x", "/activities", "/activities?activityId=x", "/activities?activityId=x:y&more=1"} {
		l.want(http.StatusBadRequest, "GET", bad, "")
	}
	if w := l.want(200, "GET", "/about", "", "Authorization: "); at(t, w, "version", 3) != "1.0.3" || at(t, w, "version", 4) != "2.0.0" {
		t.Errorf("%s", w.Body)
	}
}
