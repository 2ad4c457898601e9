package linkhandler

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// openID reads the parameters that OpenID Connect adds.
func (p *parser) openID() (err *LinkError) {
	if p.request.Nonce, err = p.visible("nonce", 1<<10); err != nil {
		return err
	}
	if p.request.IDTokenHint, err = p.visible("id_token_hint", 4<<10); err != nil {
		return err
	}
	if p.request.Prompt, err = p.visible("prompt", 128); err != nil {
		return err
	}
	if prompts := strings.Fields(p.request.Prompt); len(prompts) > 1 && slices.Contains(prompts, "none") {
		return refuse(codeInvalidRequest, "prompt", "has none together with another value")
	}
	if err = p.loginHint(); err != nil {
		return err
	}
	return p.maxAge()
}

// loginHint is shown to the person, so it must not be able to reorder the text
// around it: format characters are refused with the control characters.
func (p *parser) loginHint() *LinkError {
	hint := p.query.Get("login_hint")
	hidden := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(hint) > 512 || !utf8.ValidString(hint) || strings.IndexFunc(hint, hidden) >= 0 {
		return refuse(codeInvalidRequest, "login_hint", "is longer than 512 bytes or not printable text")
	}
	p.request.LoginHint = hint
	return nil
}

func (p *parser) maxAge() *LinkError {
	sent := p.query.Get("max_age")
	if sent == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(sent, 10, 31)
	if err != nil {
		return refuse(codeInvalidRequest, "max_age", "is not a number of seconds")
	}
	age := int(seconds)
	p.request.MaxAge = &age
	return nil
}
