package authz

// LoginID identifies a login of that time.
var LoginID = loginID

// ForgetSeen forgets the tokens whose signatures were good.
func (s *Server) ForgetSeen() {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	clear(s.seen.claims)
}

// Seen is how many they are.
func (s *Server) Seen() int {
	s.seen.mu.RLock()
	defer s.seen.mu.RUnlock()
	return len(s.seen.claims)
}
