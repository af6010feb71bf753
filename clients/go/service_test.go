package passmock_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"passharness/passmock"
)

// service stands for the service under test: it logs a device in and asks whether a resource may play.
type service struct {
	t       *testing.T
	adobe   string
	headers http.Header
}

func newService(t *testing.T, adobe, statement string) *service {
	device := base64.StdEncoding.EncodeToString([]byte("go-device"))
	info := base64.StdEncoding.EncodeToString([]byte(`{"primaryHardwareType":"SetTopBox","model":"TV","osName":"tvOS"}`))
	s := &service{t, adobe, http.Header{"Ap-Device-Identifier": {"fingerprint " + device}, "X-Device-Info": {info}}}
	client := s.post("/o/client/register", "application/json", encoded(map[string]string{"software_statement": statement}))
	form := url.Values{"grant_type": {"client_credentials"}}
	form.Set("client_id", client["client_id"].(string))
	form.Set("client_secret", client["client_secret"].(string))
	token := s.post("/o/client/token", "application/x-www-form-urlencoded", form.Encode())
	s.headers.Set("Authorization", "Bearer "+token["access_token"].(string))
	return s
}

// login starts a login and returns its code.
func (s *service) login(mvpd string) string {
	form := url.Values{"mvpd": {mvpd}, "domainName": {"adobe.com"}, "redirectUrl": {"https://adobe.com/done"}}
	return s.post("/api/v2/REF30/sessions", "application/x-www-form-urlencoded", form.Encode())["code"].(string)
}

// play returns whether the resource may play, and the reason if not.
func (s *service) play(mvpd, resource string) (bool, string) {
	body := encoded(map[string][]string{"resources": {resource}})
	answer := s.post("/api/v2/REF30/decisions/authorize/"+mvpd, "application/json", body)
	decision := answer["decisions"].([]any)[0].(map[string]any)
	if problem, denied := decision["error"].(map[string]any); denied {
		return false, problem["details"].(string)
	}
	return decision["authorized"].(bool), ""
}

func (s *service) post(path, contentType, body string) map[string]any {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodPost, s.adobe+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header = s.headers.Clone()
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode >= 300 {
		s.t.Fatalf("%s answered %d %v: %v", path, response.StatusCode, answer, err)
	}
	return answer
}

func encoded(value any) string {
	var text bytes.Buffer
	_ = json.NewEncoder(&text).Encode(value)
	return text.String()
}

func TestADeniedViewerIsToldWhy(t *testing.T) {
	ctx := context.Background()
	adobe := mockURL(t) + "/~denied" // a space of its own
	control := &passmock.Client{BaseURL: adobe, Token: token}
	statement, err := control.SoftwareStatement(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	service := newService(t, adobe, statement)

	code := service.login("Cablevision")
	if _, err := control.Login(ctx, code, passmock.LoginCall{}); err != nil { // the viewer logs in
		t.Fatal(err)
	}
	if allowed, reason := service.play("Cablevision", "REF30"); !allowed {
		t.Errorf("REF30 does not play: %s", reason)
	}

	resource, details := "news-*", "Not in your package"
	_, err = control.AddBehaviour(ctx, passmock.Behaviour{
		Match:  &passmock.Match{Resource: &resource},
		Effect: passmock.Effect{Deny: &passmock.Denial{Details: &details}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if allowed, reason := service.play("Cablevision", "news-1"); allowed || reason != details {
		t.Errorf("news-1 plays: %t, %q", allowed, reason)
	}

	page, err := control.Exchanges(ctx, url.Values{"endpoint": {"decisions.authorize"}})
	if err != nil || len(page.Exchanges) != 2 || page.Exchanges[1].Status != 200 {
		t.Errorf("the journal has %d exchanges: %v", len(page.Exchanges), err)
	}
}

func TestARefusedCallIsAnErrorWithTheReason(t *testing.T) {
	control := &passmock.Client{BaseURL: mockURL(t), Token: token}
	_, err := control.AdvanceClock(context.Background(), passmock.ClockCall{Advance: "soon"})
	refused, isRefused := err.(*passmock.Refused)
	if !isRefused || refused.Status != 400 || !strings.Contains(refused.Reason, "is not a duration") {
		t.Errorf("the error is %v", err)
	}
}
