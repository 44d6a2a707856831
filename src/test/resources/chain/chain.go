// One service of a chain: LETTER HOST:PORT FAN_OUT [NEXT_LETTER NEXT_HOST:PORT].
// With a fan-out of 1 the handler calls itself, else each call has a goroutine of its own.
package main

import (
	"io"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

var client = http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func call(number int) {
	time.Sleep(time.Duration(rand.Intn(3000)) * time.Microsecond)
	response, err := client.Get("http://" + os.Args[5] + "/" + os.Args[4] + "/" + strconv.Itoa(number))
	if err == nil {
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

func serve(w http.ResponseWriter, r *http.Request) {
	number, _ := strconv.Atoi(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	fanOut, _ := strconv.Atoi(os.Args[3])
	if len(os.Args) > 5 && fanOut == 1 {
		call(number)
	} else if len(os.Args) > 5 {
		var calls sync.WaitGroup
		for i := 0; i < fanOut; i++ {
			calls.Add(1)
			go func() {
				defer calls.Done()
				call(number*10 + i)
			}()
		}
		calls.Wait()
	}
	io.WriteString(w, "ok\n")
}

func main() {
	http.HandleFunc("/", serve)
	if err := http.ListenAndServe(os.Args[2], nil); err != nil {
		panic(err)
	}
}
