package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.dcmigrate.conformance.mutants.NullPeer;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.transport.FreePorts;
import org.dcmigrate.protocol.transport.Security;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command: options, output, exit codes. */
class CommandTest {
  @TempDir private Path directory;
  private ReferencePeer peer;

  private record Result(int exitCode, String out, String err) {}

  @BeforeEach
  void startPeer() throws Exception {
    peer = ReferencePeer.start(directory);
  }

  @AfterEach
  void stopPeer() {
    peer.close();
  }

  @Test
  void tellsEachCaseInATable() {
    Result result = run("--case", "pages/*/stored", "--case", "merge/**");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("PASS         pages/destination/stored")
        .contains("PASS         merge/destination/older-dropped")
        .contains("passed             L1\ndestination         6\n")
        .contains("6 PASS in ");
  }

  @Test
  void tellsResultsAsJson() {
    Result result = run("-o", "json", "--case", "pages/*/stored", "--case", "commit/*/running");

    assertThat(result.exitCode()).isZero();
    JsonObject json = JsonParser.parseString(result.out()).getAsJsonObject();
    assertThat(json.get("passed").getAsBoolean()).isTrue();
    assertThat(json.getAsJsonObject("counts").get("PASS").getAsInt()).isEqualTo(1);
    assertThat(json.getAsJsonArray("cases")).hasSize(2);
    assertThat(json.getAsJsonArray("cases").get(1).getAsJsonObject().get("verdict").getAsString())
        .isEqualTo("NOT_RUN");
  }

  @Test
  void theReportIsAsItsSchemaSays() throws Exception {
    JsonObject schema =
        JsonParser.parseString(Files.readString(Path.of("../docs/report.schema.json")))
            .getAsJsonObject();
    JsonObject aCase = schema.getAsJsonObject("$defs").getAsJsonObject("case");
    Result result =
        run(
            "-o",
            "json",
            "--replay",
            "7",
            "--case",
            "pages/*/stored",
            "--case",
            "commit/*/running");
    JsonObject json = JsonParser.parseString(result.out()).getAsJsonObject();

    assertThat(json.keySet()).isEqualTo(schema.getAsJsonObject("properties").keySet());
    assertThat(json.get("seed").getAsInt()).isEqualTo(7);
    assertThat(json.getAsJsonObject("counts").keySet())
        .containsExactlyInAnyOrder("PASS", "NOT_RUN");
    for (JsonElement each : json.getAsJsonArray("cases")) {
      JsonObject told = each.getAsJsonObject();
      assertThat(told.keySet())
          .isEqualTo(
              told.get("verdict").getAsString().equals("PASS")
                  ? texts(aCase.getAsJsonArray("required"))
                  : aCase.getAsJsonObject("properties").keySet());
    }
    assertThat(
            texts(
                schema.getAsJsonObject("$defs").getAsJsonObject("verdict").getAsJsonArray("enum")))
        .containsExactlyInAnyOrder(
            Arrays.stream(Verdict.values()).map(Enum::name).toArray(String[]::new));
  }

  private static Set<String> texts(JsonArray array) {
    Set<String> texts = new HashSet<>();
    array.forEach(element -> texts.add(element.getAsString()));
    return texts;
  }

  @Test
  void tellsTheSeedOfAnOrder() {
    String[] some = {"--case", "pages/*/*", "--case", "handshake/**"};
    Result shuffled = run(with(some, "--shuffle"));
    String seed = shuffled.err().replaceFirst("(?s).*--replay (\\d+)\\s*", "$1");

    assertThat(cases(run(with(some, "--replay", seed)).out())).isEqualTo(cases(shuffled.out()));
  }

  @Test
  void refusesASeedThatIsNone() {
    Result word = run("--replay", "first");
    assertThat(word.exitCode()).isEqualTo(2);
    assertThat(word.err()).contains("--replay").contains("'first' is not an int");

    Result both = run("--replay", "1", "--shuffle");
    assertThat(both.exitCode()).isEqualTo(2);
    assertThat(both.err()).contains("give one of them");
  }

  @Test
  void severalJobsNeedATargetThatTheSuiteStarts() {
    Result running = run("--jobs", "2", "--case", "pages/**");
    assertThat(running.exitCode()).isEqualTo(2);
    assertThat(running.err()).contains("--jobs goes with --reference");
    assertThat(run("--jobs", "0").err()).contains("--jobs is 1 to");
  }

  private static String[] with(String[] some, String... more) {
    return Stream.concat(Arrays.stream(some), Arrays.stream(more)).toArray(String[]::new);
  }

  /** The names of the cases, as they ran. */
  private static List<String> cases(String out) {
    return out.lines()
        .filter(line -> line.matches("[A-Z_]+ +[a-z-]+/.* ms"))
        .map(line -> line.split(" +")[1])
        .toList();
  }

  @Test
  void givesTheGuestAwayOnlyWhenAsked() {
    Result without = run("--case", "commit/*/running");
    assertThat(without.exitCode()).isEqualTo(1);
    assertThat(without.out()).contains("NOT_RUN").contains("--commit");

    Result deaf = run("--case", "commit/*/running", "--commit");
    assertThat(deaf.exitCode()).isEqualTo(2);
    assertThat(deaf.err()).contains("--listen");

    Result with = run("--case", "commit/*/running", "--commit", "--listen", peer.tester());
    assertThat(with.exitCode()).isZero();
    assertThat(with.out()).contains("PASS         commit/destination/running");
  }

  @Test
  void failsWhenNothingWasSelected() {
    Result result = run("--case", "no/such/case");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.out()).contains("no case was selected");
  }

  @Test
  void explainsAFailure() {
    Result result =
        run(
            "--case",
            "metadata/*/accepted",
            "--guest-kind",
            "no-such-kind",
            "--guest-block",
            "ram=4194304");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.out())
        .contains("FAIL         metadata/destination/accepted")
        .contains("expected: OK")
        .contains("CAPABILITY_MISSING")
        .contains("-> ResendMetadata");
  }

  @Test
  void doesNotRunWhatDoesNotFitIntoTheBudget() {
    Result result = run("--budget", "0", "--case", "pages/*/stored");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.out()).contains("NOT_RUN").contains("--budget");
  }

  @Test
  void listsAllCases() {
    Result result = execute("list");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out().lines()).hasSize(Suite.all().size());
  }

  @Test
  void explainsACase() {
    Result result = execute("explain", "pages/destination/generation-zero");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .startsWith("pages/destination/generation-zero  L1")
        .contains("DCM-GEN-009");
  }

  @Test
  void looksAtATargetThatAFileDescribes() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("target.yaml"),
            """
            endpoint: %s
            identity: %s
            plaintextOnLoopback: true
            claims: {source: 1, destination: 2}
            capabilities: [guest.synthetic]
            tester:
              first: {identity: "spiffe://test/peer/tester", listen: "%s"}
              second: {identity: "spiffe://test/peer/tester-2", listen: "127.0.0.1:%d"}
              witness: {identity: "spiffe://test/peer/tester-witness", listen: "127.0.0.1:%d"}
              operator: {identity: "spiffe://test/peer/tester"}
            """
                .formatted(
                    peer.endpoint(),
                    ReferencePeer.REFERENCE.uri(),
                    peer.tester(),
                    FreePorts.one(),
                    FreePorts.one()));

    Result well = execute("doctor", "--target", file.toString());
    assertThat(well.exitCode()).as(well.out() + well.err()).isZero();
    assertThat(execute("run", "--dry-run", "--target", file.toString()).out())
        .contains("runs           pages/destination/stored")
        .contains("not claimed    relay/contributor/first-destination")
        .contains("needs --commit commit/destination/");
    Result directoryOnly = execute("doctor", "--target", directory.toString(), "--plaintext");
    assertThat(directoryOnly.exitCode()).isEqualTo(2);
    assertThat(directoryOnly.err()).contains("HOST:PORT, or a file whose name ends with .yaml");
  }

  @Test
  void findsATargetThatDoesNotStartIll() throws Exception {
    Path file =
        Files.writeString(directory.resolve("no-adapter.yaml"), "adapter: [sh, -c, 'exit 3']\n");

    Result ill = execute("doctor", "--target", file.toString());

    assertThat(ill.exitCode()).isEqualTo(1);
    assertThat(ill.out()).startsWith("1  FAIL  the adapter has ended");
  }

  @Test
  void listsForPrograms() {
    Result result = execute("list", "--clause", "DCM-GEN-009", "-o", "json");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("\"name\": \"pages/destination/generation-zero\"")
        .contains("\"DCM-GEN-009\"")
        .doesNotContain("handshake");
  }

  @Test
  void runsAFewOfEachArea() {
    Result result = run("--smoke", "--commit", "--listen", peer.tester());

    assertThat(result.exitCode()).as(result.out()).isZero();
    assertThat(result.out()).contains("17 PASS");
  }

  @Test
  void findsTheTargetWell() {
    Result result = execute(doctor(peer.endpoint()));

    assertThat(result.exitCode()).as(result.out()).isZero();
    assertThat(result.out().lines()).hasSize(5).allMatch(line -> line.contains("  ok    "));
  }

  @Test
  void findsWhatAilsATarget() throws Exception {
    Result nobody = execute(doctor("127.0.0.1:" + FreePorts.one()));
    assertThat(nobody.exitCode()).isEqualTo(1);
    assertThat(nobody.out()).startsWith("1  FAIL").contains("start the target");

    Security front = new Security.PlaintextLoopback(ReferencePeer.TESTER);
    try (NullPeer.Running empty = NullPeer.UNIMPLEMENTED.start(front)) {
      Result result = execute(doctor(empty.endpoint()));
      assertThat(result.exitCode()).isEqualTo(1);
      assertThat(result.out()).contains("2  FAIL").contains("PeerService");
    }
    Result stranger =
        execute(
            "doctor",
            "--target",
            peer.endpoint(),
            "--plaintext",
            "--identity",
            "spiffe://test/peer/stranger");
    assertThat(stranger.exitCode()).isEqualTo(1);
    assertThat(stranger.out()).contains("2  FAIL").contains("among the target's configured peers");
    assertThat(execute("doctor").exitCode()).isEqualTo(2);
  }

  private static String[] doctor(String endpoint) {
    return new String[] {
      "doctor", "--target", endpoint, "--plaintext", "--identity", ReferencePeer.TESTER.uri()
    };
  }

  @Test
  void namesWhatIsMissing() throws Exception {
    assertThat(execute("run").err()).contains("--target is missing");
    assertThat(execute("run", "--target", peer.endpoint()).err()).contains("--ca is missing");
    assertThat(execute("run", "--target", peer.endpoint(), "--plaintext").err())
        .contains("--identity is missing");

    Result nobody =
        execute(
            "run",
            "--target",
            "127.0.0.1:" + FreePorts.one(),
            "--plaintext",
            "--identity",
            ReferencePeer.TESTER.uri());
    assertThat(nobody.exitCode()).isEqualTo(2);
    assertThat(nobody.err()).contains("nobody answers at");
  }

  @Test
  void writesWhatFailedToFiles() throws Exception {
    Path junit = directory.resolve("junit.xml");
    Path html = directory.resolve("report.html");
    Path json = directory.resolve("report.json");
    Path badge = directory.resolve("badge.svg");
    Result result =
        run(
            "--case",
            "metadata/*/accepted",
            "--guest-kind",
            "<script>alert(1)</script>",
            "--guest-block",
            "ram=4194304",
            "--junit",
            junit.toString(),
            "--html",
            html.toString(),
            "--json",
            json.toString(),
            "--badge",
            badge.toString());

    assertThat(result.exitCode()).isEqualTo(1);
    DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    assertThat(parser.parse(junit.toFile()).getElementsByTagName("failure").getLength()).isOne();
    assertThat(parser.parse(badge.toFile()).getDocumentElement().getTextContent())
        .contains("failed");
    assertThat(
            JsonParser.parseString(Files.readString(json))
                .getAsJsonObject()
                .get("passed")
                .getAsBoolean())
        .isFalse();
    assertThat(Files.readString(html))
        .contains("FAIL: metadata/destination/accepted")
        .contains("<td>expected</td>")
        .contains("<svg")
        .contains("<blockquote>DCM-")
        .contains("-&gt; ResendMetadata")
        .contains("--case metadata/destination/accepted")
        .contains("&lt;script&gt;")
        .doesNotContain("<script");
  }

  @Test
  void knowsWhatFails() throws Exception {
    String[] failing = {
      "--case",
      "metadata/*/accepted",
      "--case",
      "handshake/*/second-open",
      "--guest-kind",
      "none",
      "--guest-block",
      "ram=4194304",
      "--known-failing"
    };
    assertThat(known("metadata/*/accepted 2999-01-01 no such guest", failing).out())
        .contains("XFAIL        metadata/destination/accepted");
    String[] passing = {"--case", "pages/*/stored", "--known-failing"};
    Result passes = known("pages/*/stored 2999-01-01 slow", passing);
    assertThat(passes.exitCode()).isEqualTo(1);
    assertThat(passes.out()).contains("XPASS        pages/destination/stored");
    Result stale = known("no/such/case 2999-01-01 gone", passing);
    assertThat(stale.exitCode()).isEqualTo(1);
    assertThat(stale.err()).contains("no case fits no/such/case");
    Result expired = known("commit/** 2001-01-01 old", passing);
    assertThat(expired.exitCode()).isEqualTo(1);
    assertThat(expired.err()).contains("expired on 2001-01-01");
    assertThat(known("commit/** 2999-01-01", passing).exitCode()).isEqualTo(2);
  }

  private Result known(String line, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add(Files.writeString(directory.resolve("known"), line + "\n").toString());
    return run(all.toArray(new String[0]));
  }

  @Test
  void repeats() {
    assertThat(run("--case", "pages/*/stored", "--repeat", "3").out()).contains("3 PASS in ");
    assertThat(
            run(
                    "--case",
                    "commit/*/running",
                    "--case",
                    "pages/*/stored",
                    "--budget",
                    "0",
                    "--repeat",
                    "3",
                    "--until-fail")
                .out()
                .lines()
                .filter(l -> l.startsWith("NOT_RUN")))
        .hasSize(2);
  }

  @Test
  void tellsWhatWouldRun() {
    Result result =
        execute("run", "--dry-run", "--case", "{pages,commit}/**", "--case", "commit/**");
    assertThat(result.out().lines()).hasSize(Suite.all().size());
    assertThat(result.out()).contains("needs --commit commit/").contains("not selected   pages/");
  }

  private Result run(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "run",
                "--target",
                peer.endpoint(),
                "--plaintext",
                "--identity",
                ReferencePeer.TESTER.uri()));
    arguments.addAll(List.of(more));
    return execute(arguments.toArray(new String[0]));
  }

  private static Result execute(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command =
        Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
    int exitCode = command.execute(arguments);
    command.getOut().flush();
    return new Result(exitCode, out.toString(), err.toString());
  }
}
