// net/http with its defaults. The lines are those of Jdk.java.
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		for i, field := range fields {
			decoded, err := base64.StdEncoding.DecodeString(field)
			check(err)
			fields[i] = string(decoded)
		}
		var body io.Reader
		if fields[2] != "" {
			body = strings.NewReader(fields[2])
			if os.Args[1] == "chunked" {
				body = io.MultiReader(body) // hides the length
			}
		}
		request, err := http.NewRequest(fields[0], fields[1], body)
		check(err)
		for _, header := range fields[3:] {
			name, value, _ := strings.Cut(header, ": ")
			request.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(request)
		check(err)
		content, err := io.ReadAll(response.Body)
		check(err)
		response.Body.Close()
		fmt.Printf("%d\t%s\n", response.StatusCode, base64.StdEncoding.EncodeToString(content))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
