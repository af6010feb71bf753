package passmock_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

const token = "go-test"

var address = regexp.MustCompile(`https?://\S+`)

// mockURL starts a mock for one test and returns its address: in a container of the image PASS_HARNESS_IMAGE
// (pass-mock by default), or as a process of PASS_MOCK_COMMAND where there is no Docker.
func mockURL(t *testing.T) string {
	t.Helper()
	if command := os.Getenv("PASS_MOCK_COMMAND"); command != "" {
		return processURL(t, strings.Fields(command))
	}
	image := os.Getenv("PASS_HARNESS_IMAGE")
	if image == "" {
		image = "pass-mock"
	}
	return containerURL(t, image)
}

func processURL(t *testing.T, command []string) string {
	t.Helper()
	arguments := append(command[1:], "serve", "--port", "0", "--control-token", token)
	process := exec.Command(command[0], arguments...)
	output, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(os.Interrupt)
		_ = process.Wait()
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if found := address.FindString(lines.Text()); found != "" {
			go func() { // so that the pipe never fills
				for lines.Scan() {
				}
			}()
			return found
		}
	}
	t.Fatal("the mock did not start")
	return ""
}

func containerURL(t *testing.T, image string) string {
	t.Helper()
	id := docker(t, "run", "--rm", "--detach", "--publish", "127.0.0.1::8300", "--env", "PASS_MOCK_CONTROL_TOKEN="+token, image)
	t.Cleanup(func() { docker(t, "stop", id) })
	url := "http://" + strings.Split(docker(t, "port", id, "8300"), "\n")[0]
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if answer, err := http.Get(url + "/openapi.json"); err == nil {
			answer.Body.Close()
			return url
		}
	}
	t.Fatalf("the mock in the container %s does not answer", id)
	return ""
}

func docker(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := exec.Command("docker", arguments...).Output()
	if err != nil {
		t.Fatal(fmt.Errorf("docker %s: %w; without Docker, set PASS_MOCK_COMMAND=pass-mock", arguments[0], err))
	}
	return strings.TrimSpace(string(output))
}
