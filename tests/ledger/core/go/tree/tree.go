// tree checks proofs against the tiles in a folder with golang.org/x/mod/sumdb/tlog alone, and makes them anew.
//
// Usage: tree DIR SIZE ROOT < questions
// A question is `record INDEX LEAF-HASH PROOF` or `tree OLD-SIZE OLD-ROOT PROOF`; hashes in hex, a proof's joined by
// commas (`-` for none). Each is answered by the proof that tlog makes from the tiles, once the given one has been checked.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

type folder struct{ dir string }

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// sumdb writes tile/<height>/<L>/<N>; C2SP leaves the height out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(f.dir, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func check(err error) {
	if err != nil {
		fmt.Println("NOT OK:", err)
		os.Exit(1)
	}
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return value
}

func hash(text string) tlog.Hash {
	var value tlog.Hash
	raw, err := hex.DecodeString(text)
	check(err)
	copy(value[:], raw)
	return value
}

func proof(text string) []tlog.Hash {
	var all []tlog.Hash
	for _, item := range strings.Split(text, ",") {
		if item != "-" {
			all = append(all, hash(item))
		}
	}
	return all
}

func answer(made []tlog.Hash) {
	texts := []string{}
	for _, item := range made {
		texts = append(texts, hex.EncodeToString(item[:]))
	}
	if len(texts) == 0 {
		texts = append(texts, "-")
	}
	fmt.Println(strings.Join(texts, ","))
}

func main() {
	tree := tlog.Tree{N: number(os.Args[2]), Hash: hash(os.Args[3])}
	hashes := tlog.TileHashReader(tree, folder{os.Args[1]})
	root, err := tlog.TreeHash(tree.N, hashes)
	check(err)
	if root != tree.Hash {
		check(fmt.Errorf("the tiles give the root %v", root))
	}
	questions := bufio.NewScanner(os.Stdin)
	for questions.Scan() {
		words := strings.Fields(questions.Text())
		at := number(words[1])
		if words[0] == "record" {
			check(tlog.CheckRecord(proof(words[3]), tree.N, tree.Hash, at, hash(words[2])))
			made, err := tlog.ProveRecord(tree.N, at, hashes)
			check(err)
			answer(made)
		} else {
			check(tlog.CheckTree(proof(words[3]), tree.N, tree.Hash, at, hash(words[2])))
			made, err := tlog.ProveTree(tree.N, at, hashes)
			check(err)
			answer(made)
		}
	}
}
