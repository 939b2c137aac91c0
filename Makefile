include Makefile.dist
