package linkhandler

import (
	"errors"
	"slices"
	"strings"
)

// An AppleApp is an app of iOS by its application identifier: a team of ten
// capitals or digits, a dot, and the bundle identifier.
type AppleApp string

// ParseAppleApp reads an application identifier, such as "ABCDE12345.com.example.auth".
//
// The error is an [*InvalidError].
func ParseAppleApp(s string) (AppleApp, error) {
	team, bundle, _ := strings.Cut(s, ".")
	if !isTeam(team) || !isBundle(bundle) {
		return "", refused("apple app", errors.New("is not a team of ten capitals or digits, a dot and a bundle identifier"))
	}
	return AppleApp(s), nil
}

func isTeam(s string) bool {
	return len(s) == 10 && isName(s, "") && s == strings.ToUpper(s)
}

func isBundle(s string) bool {
	labels := strings.Split(s, ".")
	return len(s) <= 155 && !slices.ContainsFunc(labels, func(label string) bool { return !isName(label, "-") })
}

// A siteAssociation is Apple's file, as far as links are concerned.
type siteAssociation struct {
	AppLinks struct {
		Details []siteApps `json:"details"`
	} `json:"applinks"`
}

type siteApps struct {
	AppIDs     []AppleApp `json:"appIDs"`
	Components []sitePath `json:"components"`
}

type sitePath struct {
	Path    string `json:"/"`
	Comment string `json:"comment,omitempty"`
	Exclude bool   `json:"exclude,omitempty"`
}

// SiteAssociation returns what the issuer's host publishes at [SiteAssociationPath]
// so that iOS opens the authorization links in these apps, and no other link of the
// host.
func (e Endpoint) SiteAssociation(apps ...AppleApp) []byte {
	var file siteAssociation
	file.AppLinks.Details = []siteApps{}
	if len(apps) > 0 {
		links := sitePath{Path: e.path(), Comment: "authorization requests"}
		file.AppLinks.Details = append(file.AppLinks.Details, siteApps{apps, []sitePath{links}})
	}
	return published(file)
}

// ParseSiteAssociation returns the apps that a file of at most 128 KiB lets open
// the authorization links. Patterns are not understood: an entry must name the
// path itself.
//
// The error is an [*InvalidError].
func (e Endpoint) ParseSiteAssociation(file []byte) ([]AppleApp, error) {
	var read siteAssociation
	if err := readPublished(file, &read); err != nil {
		return nil, refused("site association file", err)
	}
	var apps []AppleApp
	for _, details := range read.AppLinks.Details {
		for _, id := range details.AppIDs {
			if _, err := ParseAppleApp(string(id)); err != nil {
				return nil, refused("site association file", errors.New("names an app that is no application identifier"))
			}
		}
		// The first that matches decides.
		i := slices.IndexFunc(details.Components, func(c sitePath) bool { return c.Path == e.path() })
		if i >= 0 && !details.Components[i].Exclude {
			apps = append(apps, details.AppIDs...)
		}
	}
	return apps, nil
}
