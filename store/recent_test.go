package store

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// TestClones: what is remembered of a record that was written is as if it had been read,
// and whoever changes the one does not change the other. Each field is looked at, so that
// a new one is not forgotten.
func TestClones(t *testing.T) {
	clones(t, clients())
	clones(t, accounts())
	clones(t, grants())
	clones(t, authorizations())
}

func clones[T any](t *testing.T, kind spec[T]) {
	t.Helper()
	rec := new(T)
	fill(reflect.ValueOf(rec).Elem())
	clone := kind.clone(*rec)
	apart(t, reflect.TypeFor[T]().Name(), reflect.ValueOf(rec).Elem(), reflect.ValueOf(&clone).Elem())
	text, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	read := new(T)
	if err := json.Unmarshal(text, read); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*read, clone) {
		t.Errorf("%T is remembered as %+v, and read as %+v", *rec, clone, *read)
	}
}

// fill gives each field something.
func fill(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Now()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case v.Kind() == reflect.String:
		v.SetString("x")
	case v.CanInt():
		v.SetInt(7)
	case v.CanUint():
		v.SetUint(7)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	default:
		panic(v.Type())
	}
}

// apart fails the test if two records share a slice, other than bytes, which nobody changes.
func apart(t *testing.T, name string, a, b reflect.Value) {
	t.Helper()
	switch {
	case a.Type() == reflect.TypeFor[time.Time]():
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			apart(t, name+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
		}
	case a.Kind() == reflect.Slice && a.Type() != reflect.TypeFor[[]byte]():
		if a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", name)
		}
	}
}
