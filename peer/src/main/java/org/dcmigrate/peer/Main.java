package org.dcmigrate.peer;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dcmigrate.peer.config.ConfigException;
import org.dcmigrate.peer.config.ConfigFile;
import org.dcmigrate.peer.config.DcmdConfig;
import org.dcmigrate.peer.service.PeerEndpoint;
import org.dcmigrate.protocol.DcmException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code dcmd}. */
@Command(
    name = "dcmd",
    mixinStandardHelpOptions = true,
    version = PeerEndpoint.IMPLEMENTATION,
    description = "Runs a DCM peer: source, destination and contributor of migrations.",
    footer = {
      "",
      "Exit codes: 0 stopped as asked; 1 could not start; 2 wrong usage or configuration."
    })
public final class Main implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "The configuration, a YAML file.")
  private Path config = Path.of("dcmd.yaml");

  @Option(names = "--check-config", description = "Only check the configuration, then exit.")
  private boolean checkOnly;

  // Held, as the JDK keeps loggers, and the levels set on them, only as long as somebody else does.
  private static final java.util.logging.Logger GRPC_LOG =
      java.util.logging.Logger.getLogger("io.grpc");

  /** Starts the daemon. */
  public static void main(String[] arguments) {
    GRPC_LOG.setLevel(java.util.logging.Level.WARNING);
    int code = new CommandLine(new Main()).execute(arguments);
    if (code != 0) {
      System.exit(code);
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    DcmdConfig read;
    try {
      read = ConfigFile.read(config);
    } catch (ConfigException wrong) {
      System.err.println("dcmd: " + wrong.sentence());
      return 2;
    }
    if (checkOnly) {
      System.out.println(config + ": ok");
      return 0;
    }
    try {
      Daemon daemon = Daemon.start(read);
      Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(daemon::close));
      daemon.awaitEnd();
      return 0;
    } catch (DcmException failed) {
      LOG.error("{}", failed.sentence());
      System.err.println("dcmd: " + failed.sentence());
      return 1;
    }
  }
}
