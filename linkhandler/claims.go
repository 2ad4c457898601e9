package linkhandler

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Where a host publishes which apps may open its links, as paths on the host.
const (
	AssetLinksPath      = "/.well-known/assetlinks.json"            // Android
	SiteAssociationPath = "/.well-known/apple-app-site-association" // iOS
)

// maxClaims is how many bytes of a published file are read: what the systems
// themselves read at most.
const maxClaims = 128 << 10

// path is the endpoint's path on its host.
func (e Endpoint) path() string {
	_, path, _ := strings.Cut(strings.TrimPrefix(e.url, "https://"), "/")
	return "/" + path
}

// published encodes a file for people to read.
func published(file any) []byte {
	b, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		panic(err) // structs of strings can be encoded
	}
	return append(b, '\n')
}

func readPublished(file []byte, into any) error {
	if len(file) > maxClaims {
		return errors.New("has more than 128 KiB")
	}
	if err := json.Unmarshal(file, into); err != nil {
		return fmt.Errorf("is no JSON of the expected form: %w", err)
	}
	return nil
}

// isName reports whether s is one or more letters and digits of ASCII and bytes of extra.
func isName(s, extra string) bool {
	for _, c := range []byte(s) {
		if !isAlphanumeric(c) && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return s != ""
}
