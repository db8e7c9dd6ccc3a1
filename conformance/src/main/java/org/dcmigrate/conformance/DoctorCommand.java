package org.dcmigrate.conformance;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dcmigrate.conformance.config.TargetFile;
import org.dcmigrate.conformance.play.Answer;
import org.dcmigrate.conformance.play.Ending;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.TestMigration;
import org.dcmigrate.conformance.play.Trial;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.v1.GetPeerRequest;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.OpenResponse;
import org.dcmigrate.v1.PeerServiceGrpc;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code dcm-conformance doctor}: whether a target can be tested at all. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Finds out in five steps whether the target can be tested, and says what to do where not.",
      "Nothing is left at the target.",
      "",
      "Exit codes: 0 it can; 1 it cannot; 2 wrong usage."
    })
final class DoctorCommand implements Callable<Integer> {
  private static final int ILL = 1;
  private static final int WRONG_USAGE = 2;
  private static final int VERSION = 1;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  @Mixin private TargetOptions target = new TargetOptions();
  @Mixin private GuestOptions guest = new GuestOptions();
  @Spec private CommandSpec spec;

  private int step;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try {
      Optional<TargetFile.Target> named = target.named();
      TestGuest _ = guest.guest();
      return named.isPresent() && named.get() instanceof TargetFile.Target.ToStart
          ? examineStarted(out)
          : examine(Session.unreached(target, guest), out);
    } catch (DcmException wrong) {
      spec.commandLine().getErr().println("dcm-conformance: " + wrong.sentence());
      return WRONG_USAGE;
    }
  }

  private int examineStarted(PrintWriter out) throws DcmException {
    Session session;
    try {
      session = Session.unreached(target, guest);
    } catch (DcmException failed) {
      return ill(
          out,
          failed.sentence(),
          "the adapter has to start the target; look at what it printed, and at the file");
    }
    return examine(session, out);
  }

  private int examine(Session session, PrintWriter out) throws DcmException {
    try (session) {
      Trial trial = new Trial(session.targets(1, TIMEOUT).getFirst(), session.guest());
      try {
        return examine(session.endpoint(), trial, out);
      } finally {
        trial.cleanUp();
        out.flush();
      }
    }
  }

  private int examine(String endpoint, Trial trial, PrintWriter out) {
    try {
      TargetOptions.requireListener(endpoint);
      well(out, "somebody listens at " + endpoint);
    } catch (DcmException nobody) {
      return ill(out, nobody.sentence(), "start the target, and look at --target and at firewalls");
    }
    Answer<GetPeerResponse> peer =
        trial.call(PeerServiceGrpc.getGetPeerMethod(), GetPeerRequest.getDefaultInstance());
    if (!peer.ending().isOk() || peer.messages().size() != 1) {
      return ill(out, "GetPeer: " + peer.ending(), advice(peer.ending()));
    }
    GetPeerResponse about = peer.messages().getFirst();
    well(
        out,
        "both sides know each other: it is %s, %s"
            .formatted(about.getIdentity(), about.getImplementation()));
    if (!about.getVersionsList().contains(VERSION)) {
      return ill(
          out,
          "it speaks versions " + about.getVersionsList(),
          "this suite tests version %d of the protocol".formatted(VERSION));
    }
    well(out, "it speaks version 1, and offers " + text(about.getCapabilitiesList()));
    TestMigration migration = trial.migration();
    Answer<OpenResponse> open = migration.open(migration.openRequest().build());
    if (!open.ending().isOk()) {
      return ill(
          out,
          "Open: " + open.ending(),
          "the target has to take a guest of this kind; see --guest-kind and its limits");
    }
    well(out, "it takes a migration");
    Ending abort = migration.abort().ending();
    if (!abort.isOk()) {
      return ill(out, "Abort: " + abort, "what was opened has to be given up when asked to");
    }
    well(out, "and gives it up: the suite can run");
    return CommandLine.ExitCode.OK;
  }

  private void well(PrintWriter out, String what) {
    step++;
    out.printf("%d  ok    %s%n", step, Report.harmless(what));
  }

  private int ill(PrintWriter out, String what, String advice) {
    step++;
    out.printf("%d  FAIL  %s%n         %s%n", step, Report.harmless(what), advice);
    out.flush();
    return ILL;
  }

  private static String text(List<String> capabilities) {
    return capabilities.isEmpty() ? "no capability" : String.join(", ", capabilities);
  }

  private static String advice(Ending ending) {
    return switch (ending.status().getCode()) {
      case UNAVAILABLE ->
          "TLS 1.3 with certificates on both sides of one CA, and the identity of"
              + " --target-identity; without TLS, --plaintext and --identity on loopback";
      case UNAUTHENTICATED, PERMISSION_DENIED ->
          "the identity of the tester has to be among the target's configured peers";
      case UNIMPLEMENTED -> "the target has to serve dcm.v1.PeerService";
      case DEADLINE_EXCEEDED -> "the target took the call and did not answer; look at its log";
      default -> "look at the target's log";
    };
  }
}
