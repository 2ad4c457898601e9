package store

import "context"

// A transaction is what the context carries inside [Store.Do].
type transaction struct {
	store   *Store
	overlay *overlay
	keep    bool
	over    bool
	forgot  []func(*overlay) // deletions of what was seen expired: they outlive a drop
	after   []func()         // run once the writes are durable
	undo    []func()         // run if they are dropped, or never become so
}

type transactionKey struct{}

// Do runs fn in a write transaction, carried by the context fn is given, and
// returns when its writes are durable. No other fn runs meanwhile.
//
// If fn returns nil, its writes are applied. If it returns an error they are
// dropped, unless [Keep] was called, and Do returns that error. If fn panics,
// they are dropped and the panic goes on. What was seen expired stays deleted
// however fn ends.
//
// When ctx ends while Do waits for its turn, fn never runs and Do returns
// ctx.Err(). Once fn runs, Do returns only when the outcome is known. After
// [Store.Close], Do returns [ErrClosed]. If the commit fails, every caller who
// shared it gets the failure, also one that was refused: what it had read was
// never true.
//
// Do panics when called inside another Do.
func (s *Store) Do(ctx context.Context, fn func(ctx context.Context) error) error {
	if transactionOf(ctx) != nil {
		panic("store: Do inside Do: use the context of the outer one")
	}
	t, err := s.committer.join(ctx)
	if err != nil {
		return err
	}
	tx := &transaction{store: s}
	if t == nil {
		return tx.lead(ctx, fn)
	}
	select {
	case base := <-t.start:
		return tx.follow(ctx, t, base, fn)
	case err := <-t.done: // the engine could not begin
		return err
	}
}

// lead runs fn in the transaction that it begins, and commits for all who have come by then.
func (tx *transaction) lead(ctx context.Context, fn func(context.Context) error) error {
	var apply, ended bool
	var err error
	defer func() {
		if ended {
			return
		}
		if apply {
			tx.takeBack()
		}
		tx.forgetAnyway(ctx)
	}()
	failed := tx.store.committer.batch(func(base Reader) *overlay {
		apply, err = tx.call(ctx, base, fn)
		return tx.overlay
	})
	ended = true
	return tx.finish(apply, err, failed)
}

// forgetAnyway makes durable what fn saw expired before it, or the engine, panicked: the
// transaction was lost with it.
func (tx *transaction) forgetAnyway(ctx context.Context) {
	if len(tx.forgot) == 0 {
		return
	}
	err := tx.store.Do(context.WithoutCancel(ctx), func(ctx context.Context) error {
		for _, forget := range tx.forgot {
			forget(tx.store.writer(ctx))
		}
		return nil
	})
	if err != nil {
		tx.store.log.Error("what was seen expired is still there", "error", err)
	}
}

// follow takes the turn: fn, then the wait for the commit.
func (tx *transaction) follow(ctx context.Context, t *turn, base Reader, fn func(context.Context) error) error {
	var apply bool
	var err error
	func() {
		defer func() { t.ran <- tx.overlay }() // also when fn panics or ends its goroutine
		apply, err = tx.call(ctx, base, fn)
	}()
	return tx.finish(apply, err, <-t.done)
}

// call runs fn. Then the overlay has what is to be applied.
func (tx *transaction) call(ctx context.Context, base Reader, fn func(context.Context) error) (apply bool, err error) {
	tx.overlay = newOverlay(base)
	defer func() {
		tx.over = true
		if !apply {
			tx.drop()
		}
	}()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	err = fn(context.WithValue(ctx, transactionKey{}, tx))
	return err == nil || tx.keep, err
}

// finish returns what Do does, once the outcome is known: err is fn's, failed the commit's.
func (tx *transaction) finish(apply bool, err, failed error) error {
	if failed != nil {
		tx.store.log.Error("a commit failed", "error", failed)
		if apply {
			tx.takeBack()
		}
		return failed
	}
	if apply {
		for _, f := range tx.after {
			f()
		}
	}
	return err
}

// drop forgets all writes but the expiries that were seen.
func (tx *transaction) drop() {
	tx.takeBack()
	tx.overlay = newOverlay(tx.overlay.base)
	for _, forget := range tx.forgot {
		forget(tx.overlay)
	}
}

func (tx *transaction) takeBack() {
	for _, f := range tx.undo {
		f()
	}
}

// Keep marks the transaction of ctx to be applied although its function will
// return an error: for the refusal that has to leave a mark, such as a reused
// code whose authorization was ended. A panic still drops it.
// Keep panics without a transaction.
func Keep(ctx context.Context) { mustTransaction(ctx).keep = true }

// transactionOf returns the transaction of ctx, or nil.
func transactionOf(ctx context.Context) *transaction {
	tx, _ := ctx.Value(transactionKey{}).(*transaction)
	if tx != nil && tx.over {
		panic("store: the transaction of this context is over")
	}
	return tx
}

func mustTransaction(ctx context.Context) *transaction {
	tx := transactionOf(ctx)
	if tx == nil {
		panic("store: a write needs the context that Do gives to its function")
	}
	return tx
}

// writer returns the overlay to write to.
func (s *Store) writer(ctx context.Context) *overlay {
	tx := mustTransaction(ctx)
	if tx.store != s {
		panic("store: the transaction of this context is another store's")
	}
	return tx.overlay
}

// read calls fn with the transaction of ctx, or with a snapshot.
func (s *Store) read(ctx context.Context, fn func(Reader) error) error {
	if tx := transactionOf(ctx); tx != nil && tx.store == s {
		return fn(tx.overlay)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.engine.View(fn)
}
