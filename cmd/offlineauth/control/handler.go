package control

import (
	"net/http"

	"github.com/offlineauth/offlineauth"
)

// Handler serves the person's side of s: this API, and the pages. open shows the
// requests of links in the browser of the desktop, or without any the pages; nil if that
// cannot be.
func Handler(s *offlineauth.Server, open func(links []string)) http.Handler {
	mux := http.NewServeMux()
	clients := &clients{server: s}
	mux.Handle("GET /v1/clients", answer(clients.list))
	mux.Handle("POST /v1/clients", answer(clients.add))
	mux.Handle("PUT /v1/clients", answer(clients.replace))
	mux.Handle("DELETE /v1/clients", answer(clients.remove))
	accounts := accounts{s}
	mux.Handle("GET /v1/accounts", answer(accounts.list))
	mux.Handle("POST /v1/accounts", answer(accounts.add))
	mux.Handle("DELETE /v1/accounts", answer(accounts.remove))
	mux.Handle("PUT /v1/accounts/secret", answer(accounts.secret))
	grants := grants{s}
	mux.Handle("GET /v1/grants", answer(grants.list))
	mux.Handle("GET /v1/grants/{id}/logins", answer(grants.logins))
	mux.Handle("DELETE /v1/grants", answer(grants.revoke))
	mux.Handle("POST /v1/launches", answer(launches{s}.add))
	keys := keys{s}
	mux.Handle("GET /v1/keys", answer(keys.list))
	mux.Handle("POST /v1/keys", answer(keys.rotate))
	upstreams := upstreams{s}
	mux.Handle("GET /v1/upstreams", answer(upstreams.list))
	mux.Handle("POST /v1/upstreams", answer(upstreams.add))
	mux.Handle("DELETE /v1/upstreams", answer(upstreams.remove))
	mux.Handle("POST /v1/upstreams/now", answer(upstreams.now))
	mux.Handle("POST /v1/upstreams/retry", answer(upstreams.retry))
	mux.Handle("GET /v1/activity", answer(activity{s}.list))
	interactions := interactions{s}
	mux.Handle("POST /v1/interactions", answer(interactions.begin))
	mux.Handle("POST /v1/interactions/{id}/decision", answer(interactions.decide))
	clock := clock{s}
	mux.Handle("GET /v1/clock", answer(clock.read))
	mux.Handle("PUT /v1/clock", answer(clock.trust))
	mux.Handle("POST /v1/pages", answer(desk{open}.ask))
	care := care{s}
	mux.Handle("POST /v1/backup", long(care.backup))
	mux.Handle("POST /v1/restore", long(care.restore))
	mux.Handle("POST /v1/check", long(care.check))
	mux.Handle("POST /v1/compact", long(care.compact))
	mux.Handle("POST /v1/rekey", long(care.rekey))
	mux.Handle("/", s.Pages())
	return mux
}
