package mobile

import (
	"context"
	"net/http"

	"github.com/offlineauth/offlineauth/ui/webview"
)

func (a *app) Screen(languages string) *Screen {
	return &Screen{app: a, view: webview.New(a.pages, languages)}
}

// Load answers with what the web view asks for: a path and its query, such as
// "consent?id=ID" with the [Request.ID], or "" for the first page. There is always an
// answer. It waits for the disk.
func (s *Screen) Load(target string) (page *Page) {
	page = &Page{Status: http.StatusInternalServerError, Type: "text/plain"}
	_ = s.app.do(func(ctx context.Context) error { // nothing fails but by a panic
		p := s.view.Load(ctx, target)
		page = &Page{Status: p.Status, Type: p.Type, Policy: p.Policy, Path: p.Path, body: p.Body}
		return nil
	})
	return page
}
