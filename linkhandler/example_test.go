package linkhandler_test

import (
	"errors"
	"fmt"

	"github.com/offlineauth/offlineauth/linkhandler"
)

func ExampleEndpoint_Parse() {
	endpoint, err := linkhandler.NewEndpoint("https://lms.example", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	request, err := endpoint.Parse("https://lms.example/authorize?client_id=maths" +
		"&redirect_uri=com.example.maths%3A%2Fdone&response_type=code&scope=openid%20xapi" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.ClientID, "asks for", request.Scopes)
	// Output: maths asks for [openid xapi]
}

// A refusal may be sent to the client only if Redirectable allows it, and the
// redirect URI is one that this client registered.
func ExampleLinkError_Redirectable() {
	endpoint, err := linkhandler.NewEndpoint("https://lms.example", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = endpoint.Parse("https://lms.example/authorize?client_id=maths&redirect_uri=com.example.maths%3A%2Fdone&response_type=token")
	var wrong *linkhandler.LinkError
	registered, _ := linkhandler.ParseRedirectURI("com.example.maths:/done")
	if errors.As(err, &wrong) && wrong.Redirectable() && registered.Matches(wrong.Request.RedirectURI) {
		redirect, _ := linkhandler.BuildRedirect(wrong.Request.RedirectURI, linkhandler.Response{Error: wrong.Code, Issuer: "https://lms.example"})
		fmt.Println(redirect)
	}
	// Output: com.example.maths:/done?error=unsupported_response_type&iss=https%3A%2F%2Flms.example
}

// Matching is exact, but for the port of a loopback URI: a client cannot know in
// advance which port will be free.
func ExampleRedirectURI_Matches() {
	registered, err := linkhandler.ParseRedirectURI("http://127.0.0.1/done")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(registered.Kind())
	fmt.Println(registered.Matches("http://127.0.0.1:51004/done"))
	fmt.Println(registered.Matches("http://127.0.0.1:51004/elsewhere"))
	// Output:
	// loopback
	// true
	// false
}

func ExampleParseRedirectURI() {
	for _, uri := range []string{"com.example.maths:/done", "maths:/done", "http://localhost:8080/done"} {
		registered, err := linkhandler.ParseRedirectURI(uri)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(registered, "is a", registered.Kind())
	}
	// Output:
	// com.example.maths:/done is a private-use scheme
	// redirect_uri has a scheme without a dot; use a domain name you own, reversed, such as com.example.app (RFC 8252 section 8.4)
	// redirect_uri uses localhost; write 127.0.0.1 or [::1], which cannot be resolved elsewhere (RFC 8252 section 8.3)
}

func ExampleBuildRedirect() {
	state := "xyz"
	redirect, err := linkhandler.BuildRedirect("com.example.maths:/done", linkhandler.Response{
		Code:       "SplxlOBeZQQYbYS6WxSbIA",
		State:      &state,
		Issuer:     "https://lms.example",
		IPCService: "dbus:org.example.Lms",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(redirect)
	// Output: com.example.maths:/done?code=SplxlOBeZQQYbYS6WxSbIA&state=xyz&iss=https%3A%2F%2Flms.example&ipc-service=dbus%3Aorg.example.Lms
}

func ExampleParseResponse() {
	response, err := linkhandler.ParseResponse("com.example.maths:/done",
		"com.example.maths:/done?code=SplxlOBeZQQYbYS6WxSbIA&state=xyz&iss=https%3A%2F%2Flms.example")
	if err != nil {
		fmt.Println(err)
		return
	}
	if response.State == nil || *response.State != "xyz" || response.Issuer != "https://lms.example" {
		fmt.Println("this is the answer to another request, or of another server")
		return
	}
	fmt.Println("code", response.Code)
	// Output: code SplxlOBeZQQYbYS6WxSbIA
}
