def pytest_configure(config):
    config.addinivalue_line("markers", "real: needs the real model server (tests/model/fetch.sh)")
    config.addinivalue_line("markers", "tools: needs fetched tools (tests/tools/fetch.sh)")
