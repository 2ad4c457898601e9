module github.com/offlineauth/offlineauth/examples/mathsapp

go 1.26.0

require github.com/offlineauth/offlineauth v0.0.0

require (
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

// The module has no public home yet.
replace github.com/offlineauth/offlineauth => ../..
