// Package e2e holds the end-to-end scenarios: stories in testdata that play on
// the simulated device of package e2e/device, with a process for each app.
//
// Each file of testdata/script is one story, in the language of
// github.com/rogpeppe/go-internal/testscript and these commands. NAME stands for
// the app com.example.NAME; one called auth is the authorization app.
//
//	install auth PROGRAM [FLAG]...  install the authorization app: offlineauth, the
//	                          real program, with flags of its «serve»; or testauth,
//	                          which attests apps by the device, with -code LIFETIME
//	                          or -network
//	install NAME [-scheme S] [-service | -api] [-signed]  install another app. It claims
//	                          com.example.NAME and S; with -service it serves whoever
//	                          connects to $NAME_service ($NAME_stream alone for streams),
//	                          and prints what they send; with -api it is testapi, the API
//	                          https://notes.example, with -signed without asking anybody
//	person accepts|denies|is-away   what happens when the authorization app asks
//	as NAME PROGRAM ARG...    run a program as the app, to its end
//	start NAME PROGRAM ARG... run it in the background; links go to its standard input
//	await NAME                wait for the end of what was started
//	launch LINK               tap a link, and wait until its receiver has handled it
//	redirect NAME             wait for the next link to the app, and print it; sets
//	                          $REDIRECT, and $CODE to its parameter code
//	crash NAME                kill all processes of the app
//	event KIND NAME [N]       wait for the Nth event of the app, the first if not
//	                          said, and print it. With ! it has not happened yet.
//	                          KIND is launched (a link), or woken, stopped or failed (a
//	                          service)
//	take VARIABLE REGEXP      set a variable to the group of a match in what was
//	                          printed last
//
// Output is for stdout and stderr to look at, as after exec; a program that exits
// with an error is expected with !. The program app, of apps that are not the
// authorization app, is described at its function. The condition [own-uids] holds
// when each app has a uid of its own, as root can give them.
package e2e
