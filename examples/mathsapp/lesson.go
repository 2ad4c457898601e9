package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// lesson is the app as a launcher opens it: the link, on standard input, says whose
// lesson it is and where to record it. No login is needed.
func lesson(ctx context.Context, pinned client.Pinned, launches string, connect func(ipcapi.Address) (http.RoundTripper, error)) error {
	links := bufio.NewScanner(os.Stdin)
	if !links.Scan() {
		return errors.New("nobody launched the lesson")
	}
	opened, err := client.OpenLesson(ctx, links.Text(), client.LessonConfig{Services: pinned, Store: client.Dir(launches), Connect: connect})
	if err != nil {
		return err
	}
	id, err := record(ctx, opened)
	if err != nil {
		return err
	}
	recorded, err := xapi(ctx, opened, http.MethodGet, "statements?"+url.Values{"statementId": {id}}.Encode(), "")
	if err != nil {
		return err
	}
	var statement struct {
		Verb   struct{ Display map[string]string }
		Object struct{ ID string }
		Stored string
	}
	if err := json.Unmarshal([]byte(recorded), &statement); err != nil {
		return err
	}
	fmt.Printf("You %s %s. It was recorded at %s.\n", statement.Verb.Display["en"], statement.Object.ID, statement.Stored)
	return nil
}

// record says what the learner did, as an xAPI statement, and returns its id.
func record(ctx context.Context, l *client.Lesson) (id string, err error) {
	statement, err := json.Marshal(map[string]any{
		"actor":   json.RawMessage(l.Actor),
		"verb":    map[string]any{"id": "http://adlnet.gov/expapi/verbs/completed", "display": map[string]string{"en": "completed"}},
		"object":  map[string]string{"id": l.ActivityID},
		"result":  map[string]any{"success": true, "completion": true, "score": map[string]float64{"scaled": 0.9}},
		"context": map[string]string{"registration": l.Registration},
	})
	if err != nil {
		return "", err
	}
	answer, err := xapi(ctx, l, http.MethodPost, "statements", string(statement))
	if err != nil {
		return "", err
	}
	var ids []string
	if err := json.Unmarshal([]byte(answer), &ids); err != nil || len(ids) != 1 {
		return "", fmt.Errorf("the answer %q is not one id: %w", answer, err)
	}
	return ids[0], nil
}

// xapi sends a request to the learning record store of the lesson.
func xapi(ctx context.Context, l *client.Lesson, method, resource, body string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, l.Endpoint+resource, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("X-Experience-API-Version", "1.0.3")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := l.Client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return string(answer), err
}
