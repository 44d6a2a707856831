# Builds the kernel side: BPF objects and libcoral.so with the libraries it needs, into target/native.
#   make native          CLANG=clang-19 CC=cc
.PHONY: native clean-native
.DELETE_ON_ERROR:

CLANG ?= $(firstword $(foreach c,clang-19 clang,$(if $(shell command -v $(c)),$(c))))
CC := $(if $(filter default undefined,$(origin CC)),cc,$(CC))

SOURCE := src/main/c
OUT := target/native
HEADERS := $(wildcard $(SOURCE)/*.h $(SOURCE)/*.bpf.h)
WARNINGS := -Wall -Wextra -Werror
# BPF_PROG of libbpf names a context that most programs do not use.
BPF_FLAGS := -target bpf -mcpu=v3 -O2 -g $(WARNINGS) -Wno-unused-parameter -fno-ident
LIB_FLAGS := -O2 -g -std=gnu11 -fPIC -fvisibility=default $(WARNINGS)

native: $(OUT)/coral_t1.bpf.o $(OUT)/libcoral.so $(OUT)/.libraries

# What is missing, in one line, before a compiler says it in many.
define need_tools
	@missing=; \
	command -v "$(CLANG)" >/dev/null 2>&1 || missing="$$missing clang"; \
	if command -v "$(CC)" >/dev/null 2>&1; then \
	  for header in bpf/libbpf.h:libbpf-dev libelf.h:libelf-dev stdio.h:libc6-dev; do \
	    echo "#include <$${header%:*}>" | $(CC) -E -x c - >/dev/null 2>&1 || missing="$$missing $${header#*:}"; \
	  done; \
	else \
	  missing="$$missing gcc"; \
	fi; \
	[ -z "$$missing" ] || { echo "make native: missing:$$missing (Debian: apt-get install -y clang gcc libc6-dev libbpf-dev libelf-dev)" >&2; exit 1; }
	@mkdir -p $(OUT)
endef

$(OUT)/coral_t1.bpf.o: $(SOURCE)/tier1.bpf.c $(HEADERS) Makefile
	$(need_tools)
	$(CLANG) $(BPF_FLAGS) -ffile-prefix-map=$(CURDIR)=. -I$(SOURCE) -c $< -o $@

# --disable-new-dtags: an rpath that libbpf's own needs (libelf, libz) are looked up in as well.
$(OUT)/libcoral.so: $(SOURCE)/shim/coral.c $(SOURCE)/shim/coral.h Makefile
	$(need_tools)
	$(CC) $(LIB_FLAGS) -ffile-prefix-map=$(CURDIR)=. -shared -Wl,-soname,libcoral.so -Wl,--disable-new-dtags,-rpath,'$$ORIGIN' -o $@ $< -lbpf

# The files behind the names that the loader asks for; libc itself is the host's.
$(OUT)/.libraries: $(OUT)/libcoral.so
	@ldd $< | awk '$$3 ~ /^\// && $$1 !~ /^(libc|libpthread|libdl|libm|ld-linux.*)\.so/ {print $$1, $$3}' | \
	while read -r name path; do \
	  [ "$$(readlink -f "$$path")" = "$$(readlink -f "$(OUT)/$$name")" ] || install -m 644 "$$(readlink -f "$$path")" "$(OUT)/$$name" || exit 1; \
	done
	@touch $@

clean-native:
	rm -rf $(OUT)
