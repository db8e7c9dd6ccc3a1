package org.dcmigrate.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.dcmigrate.ctl.FakePeer.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContextTest {
  @TempDir Path directory;
  private FakePeer peer;
  private Map<String, String> variables;

  @BeforeEach
  void start() throws Exception {
    peer = new FakePeer();
    variables = Map.of("DCM_CONFIG", directory.resolve("sub/contexts.yaml").toString());
  }

  @AfterEach
  void stop() {
    peer.close();
  }

  @Test
  void contextsAreStoredListedAndChosen() throws Exception {
    assertThat(peer.run(variables, "context", "list").exitCode()).isZero();
    run(
        "context",
        "set",
        "lab",
        "--endpoint",
        "a:1",
        "--ca",
        "ca.pem",
        "--peer-identity",
        "spiffe://d/peer/a");
    run("context", "set", "local", "--endpoint", "127.0.0.1:2", "--plaintext", "--identity", "x");
    run("context", "set", "lab", "--endpoint", "a:9");

    assertThat(settings(new GlobalOptions(), Map.of()).endpoint()).isEqualTo("a:9");
    assertThat(settings(new GlobalOptions(), Map.of()).ca())
        .contains(Path.of("ca.pem").toAbsolutePath().toString());
    run("context", "use", "local");
    assertThat(settings(new GlobalOptions(), Map.of()).plaintext()).isTrue();
    assertThat(run("context", "list").out().lines())
        .anySatisfy(line -> assertThat(line).startsWith("*").contains("local", "(plaintext)"))
        .anySatisfy(line -> assertThat(line).startsWith("-").contains("lab", "spiffe://d/peer/a"));
    assertThat(run("context", "list", "-o", "json").out()).contains("\"current\": \"local\"");
  }

  @Test
  void optionBeforeVariableBeforeContextBeforeDefault() throws Exception {
    assertThat(settings(new GlobalOptions(), Map.of()).endpoint()).isEqualTo("127.0.0.1:7443");
    run("context", "set", "lab", "--endpoint", "context:1");
    assertThat(settings(new GlobalOptions(), Map.of()).endpoint()).isEqualTo("context:1");
    Map<String, String> variable = Map.of("DCM_ENDPOINT", "variable:1");
    assertThat(settings(new GlobalOptions(), variable).endpoint()).isEqualTo("variable:1");
    GlobalOptions options = new GlobalOptions();
    options.endpoint = Optional.of("option:1");
    assertThat(settings(options, variable).endpoint()).isEqualTo("option:1");
  }

  @Test
  void tlsOptionsWinOverAPlaintextContext() throws Exception {
    run("context", "set", "local", "--endpoint", "127.0.0.1:2", "--plaintext");
    GlobalOptions options = new GlobalOptions();
    options.ca = Optional.of("ca.pem");

    assertThat(settings(options, Map.of()).plaintext()).isFalse();
  }

  @Test
  void aBrokenFileIsToldWithItsName() throws Exception {
    Path file = directory.resolve("contexts.yaml");
    for (String text :
        new String[] {
          "current: [",
          "other: 1",
          "contexts: {a: {endpint: b}}",
          "contexts: {a: {}}",
          "- 1",
          "current: a\ncurrent: b"
        }) {
      Files.writeString(file, text);
      CtlException failure = catchThrowableOfType(CtlException.class, () -> ContextFile.read(file));
      assertThat(failure).as(text).isNotNull();
      assertThat(failure.sentence()).startsWith(file.toString());
      assertThat(failure.exitCode()).isEqualTo(ExitCode.USAGE);
    }
  }

  @Test
  void whatTheConnectionLacksIsNamed() {
    GlobalOptions options = new GlobalOptions();
    options.plaintext = true;
    CtlException failure =
        catchThrowableOfType(
            CtlException.class,
            () -> new SecureConnector().connect(settings(options, Map.of())).shutdownNow());
    assertThat(failure.sentence()).contains("--identity");
    CtlException tls =
        catchThrowableOfType(
            CtlException.class,
            () ->
                new SecureConnector()
                    .connect(settings(new GlobalOptions(), Map.of()))
                    .shutdownNow());
    assertThat(tls.sentence()).contains("--ca");
  }

  private Result run(String... arguments) {
    Result result = peer.run(variables, arguments);
    assertThat(result.exitCode()).as(result.err()).isZero();
    return result;
  }

  private ConnectionSettings settings(GlobalOptions options, Map<String, String> more)
      throws CtlException {
    Map<String, String> all = new HashMap<>(variables);
    all.putAll(more);
    return ConnectionSettings.resolve(options, all);
  }
}
