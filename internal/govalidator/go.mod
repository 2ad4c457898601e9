// A stand-in for the one function of github.com/asaskevich/govalidator that fosite
// calls, without the hundred regular expressions the original compiles when a
// program starts. See docs/decisions/0002-stand-ins.md.
module github.com/asaskevich/govalidator

go 1.25
