PYTHON = .venv/bin/python
# Throw-away values, for checks that read the settings but run nothing.
CHECKED = SECRET_KEY=$$(printf 'not-a-secret-%.0s' 1 2 3 4 5) ENCRYPTION_KEYS=$$($(PYTHON) -c 'import base64; print(base64.urlsafe_b64encode(bytes(32)).decode())') \
	WARREN_HOME=/nonexistent DATABASE_URL=sqlite://:memory: CLOUDFLARE_API_TOKEN=none CLOUDFLARE_ACCOUNT_ID=none CLOUDFLARE_ZONE_ID=none CONTAINERS_DOMAIN=warren-containers.example
# Where no words are that people read: these are not collected.
UNSAID = $(addprefix --ignore ,.venv var tests bench docs static/vendor node_modules cloudflare/simulator)

.PHONY: help run test check bench format messages

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: ## Run Warren on this machine, with a simulated Cloudflare (PORT, EDGE_PORT, WARREN_HOME)
	@scripts/ensure python redis docker busybox iproute
	@exec $(PYTHON) manage.py up

test: ## Run all tests against real Docker, PostgreSQL, Redis and Chromium (ARGS=...)
	@scripts/ensure python redis docker busybox iproute postgres chromium btrfs gettext
	scripts/with-services $(PYTHON) -m pytest -n 4 --maxschedchunk 1 $(ARGS)

check: ## Format, lint, types, import contracts, migrations, deployment checks, schema
	@scripts/ensure python
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	.venv/bin/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	$(CHECKED) $(PYTHON) -m mypy config tenants containers access cloudflare monitoring
	.venv/bin/lint-imports
	$(CHECKED) $(PYTHON) manage.py makemigrations --check --dry-run
	$(CHECKED) $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(CHECKED) $(PYTHON) manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: ## Measure, each figure beside a floor or a peer from the same run (ARGS=...)
	@scripts/ensure python redis docker busybox iproute postgres
	scripts/with-services $(PYTHON) -m bench $(ARGS)

format: ## Format and mend what can be mended by itself
	@scripts/ensure python
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .
	.venv/bin/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

messages: ## Collect the words of the sources into locale/, and compile what is translated
	@scripts/ensure python gettext
	$(CHECKED) $(PYTHON) manage.py makemessages --locale de --no-wrap --add-location file $(UNSAID)
	$(CHECKED) $(PYTHON) manage.py makemessages --locale de --domain djangojs --no-wrap --add-location file $(UNSAID)
	@sed -i '/^"POT-Creation-Date/d' locale/*/LC_MESSAGES/*.po  # else no two people's agree
	$(CHECKED) $(PYTHON) manage.py compilemessages --locale de --ignore '.venv'
