// Package govalidator is the part of github.com/asaskevich/govalidator that fosite uses.
package govalidator

import "net/url"

// IsRequestURL reports whether rawURL is absolute, as a request URI is.
func IsRequestURL(rawURL string) bool {
	u, err := url.ParseRequestURI(rawURL)
	return err == nil && u.Scheme != ""
}
