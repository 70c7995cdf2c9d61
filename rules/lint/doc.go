// Package lint finds what is wrong, useless or dangerous in rules that load.
package lint
