package org.dcmigrate.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code bench/run grid}: how close a redirect comes to the optimum, and how far from a restart.
 */
@Command(
    name = "grid",
    description = {
      "Redirects over shaped links, against the optimum and against cancel and restart.",
      "Three dcmd in network namespaces under mutual TLS; needs root, ip and tc. Each cell migrates"
          + " a synthetic guest from a to b, redirects it to c at a part F of its pages, and does"
          + " the same with cancel and a new migration."
    })
final class GridCommand extends BenchCommand {
  private static final double BITS_PER_MEGABIT = 1e6;
  private static final long MIB = 1 << 20;
  private static final List<Double> FRACTIONS = List.of(0.1, 0.3, 0.5, 0.7, 0.9);
  private static final List<Double> QUICK_FRACTIONS = List.of(0.5);

  @Option(
      names = "--memory",
      defaultValue = "0",
      description = "Memory of the guest in MiB. 0: 192 with --quick, else 512.")
  private int memoryMib;

  @Option(
      names = "--rate",
      defaultValue = "500",
      description = "The bandwidth that all links are multiples of, in Mbit/s on the wire.")
  private double rateMegabits = 500;

  @Option(
      names = "--dirty",
      defaultValue = "0.3",
      description = "What a writing guest writes, as a part of the source's bandwidth.")
  private double dirty = 0.3;

  @Option(
      names = "--fractions",
      split = ",",
      paramLabel = "F",
      description = "When to redirect. Default: 0.1,0.3,0.5,0.7,0.9; with --quick 0.5.")
  private List<Double> fractions = List.of();

  @Option(
      names = "--links",
      split = ",",
      converter = LinkShape.Converter.class,
      paramLabel = "LINKS",
      description = "Of downlink-2x, downlink-1x, slow-old, congested-source. Default: all.")
  private List<LinkShape> links = List.of();

  @Option(
      names = "--writers",
      split = ",",
      converter = WriterKind.Converter.class,
      paramLabel = "WRITER",
      description = {
        "Of idle, uniform, hot-set. Default: all; with --quick all on downlink-2x, idle on the"
            + " others."
      })
  private List<WriterKind> writers = List.of();

  @Option(
      names = "--congestion-control",
      defaultValue = "",
      description = "TCP's congestion control on the hosts, e.g. reno. Default: the machine's.")
  private String congestionControl = "";

  /** What a run was asked for; the names are those of the JSON document. */
  private record Settings(
      long memoryBytes,
      double wireBytesPerSecond,
      double dirtyShare,
      int repeat,
      List<Double> fractions,
      String congestionControl) {}

  /** A cell to be measured. */
  private record Place(LinkShape shape, WriterKind writer, double fraction) {
    String name() {
      return Text.format("%s, %s, f=%.1f", shape.label(), writer.label(), fraction);
    }
  }

  @Override
  int defaultRepeat() {
    return 1;
  }

  @Override
  Findings measure(Workspace workspace, Progress progress) throws BenchException {
    progress.say("three peers in network namespaces, under mutual TLS");
    GridRig rig = GridRig.start(workspace, congestionControl());
    List<Place> places = places();
    List<GridResults.Goodput> goodputs = goodputs(rig, places, progress);
    double share = GridResults.share(goodputs);

    Map<Place, List<GridCell.Run>> runs = new LinkedHashMap<>();
    List<GridResults.Failure> failures = new ArrayList<>();
    for (int round = 0; round < repeat(); round++) {
      for (Place place : places) {
        try {
          GridCell.Run run = run(rig, place, share, round % 2 == 1);
          runs.computeIfAbsent(place, each -> new ArrayList<>()).add(run);
          progress.say(
              "%s: %.2f s, T* %.2f s, restart %.2f s",
              place.name(),
              run.redirected().seconds(),
              run.best().seconds(),
              run.restarted().seconds());
        } catch (BenchException failed) {
          progress.say("%s: failed: %s", place.name(), failed.sentence());
          failures.add(new GridResults.Failure(place.name(), failed.sentence()));
        }
      }
    }
    GridResults results =
        GridResults.of(
            goodputs,
            runs.entrySet().stream()
                .map(
                    entry ->
                        GridCell.of(
                            entry.getKey().shape(),
                            entry.getKey().writer(),
                            entry.getKey().fraction(),
                            entry.getValue()))
                .toList(),
            failures);
    return new Findings("grid", settings(), results, results.text());
  }

  private GridCell.Run run(GridRig rig, Place place, double share, boolean restartFirst)
      throws BenchException {
    Links wire = scaled(place.shape());
    Links payload =
        new Links(wire.source() * share, wire.old() * share, wire.destination() * share);
    SyntheticGuest guest = place.writer().guest(memoryBytes(), dirty * payload.source(), 1);
    List<GridRig.Restarted> restarted = new ArrayList<>();
    if (restartFirst) {
      restarted.add(rig.restart(wire, guest, place.fraction()));
    }
    GridRig.Redirected redirected = rig.redirect(wire, guest, place.fraction());
    if (!restartFirst) {
      restarted.add(rig.restart(wire, guest, place.fraction()));
    }
    Dirtying dirtying = Dirtying.of(guest);
    double memory = memoryBytes();
    return new GridCell.Run(
        redirected,
        restarted.getFirst(),
        Optimum.afterRedirect(memory, redirected.fraction(), payload, dirtying),
        Optimum.restart(memory, payload, dirtying));
  }

  private List<GridResults.Goodput> goodputs(GridRig rig, List<Place> places, Progress progress)
      throws BenchException {
    TreeSet<Double> bandwidths = new TreeSet<>();
    for (Place place : places) {
      Links wire = scaled(place.shape());
      bandwidths.addAll(List.of(wire.source(), wire.old(), wire.destination()));
    }
    // What comes first pays for the start of the virtual machines.
    double _ = rig.goodput(bandwidths.last(), memoryBytes());
    List<GridResults.Goodput> goodputs = new ArrayList<>();
    for (double wire : bandwidths.descendingSet()) {
      double payload = rig.goodput(wire, memoryBytes());
      progress.say(
          "a plain migration over %s moves %s of pages",
          Text.megabits(wire), Text.megabytesPerSecond(payload));
      goodputs.add(new GridResults.Goodput(wire, payload, payload / wire));
    }
    return goodputs;
  }

  private Links scaled(LinkShape shape) {
    double bandwidth = bandwidth();
    Links factors = shape.factors();
    return new Links(
        factors.source() * bandwidth, factors.old() * bandwidth, factors.destination() * bandwidth);
  }

  private double bandwidth() {
    return rateMegabits * BITS_PER_MEGABIT / Byte.SIZE;
  }

  private long memoryBytes() {
    return (memoryMib > 0 ? memoryMib : isQuick() ? 192 : 512) * MIB;
  }

  private List<Double> wantedFractions() {
    if (!fractions.isEmpty()) {
      return fractions;
    }
    return isQuick() ? QUICK_FRACTIONS : FRACTIONS;
  }

  private List<Place> places() {
    List<LinkShape> shapes = links.isEmpty() ? Arrays.asList(LinkShape.values()) : links;
    List<Place> places = new ArrayList<>();
    for (LinkShape shape : shapes) {
      for (WriterKind writer : writers(shape)) {
        for (double fraction : wantedFractions()) {
          places.add(new Place(shape, writer, fraction));
        }
      }
    }
    return places;
  }

  private List<WriterKind> writers(LinkShape shape) {
    if (!writers.isEmpty()) {
      return writers;
    }
    return isQuick() && shape != LinkShape.DOWNLINK_2X
        ? List.of(WriterKind.IDLE)
        : Arrays.asList(WriterKind.values());
  }

  private String congestionControl() throws BenchException {
    return congestionControl.isEmpty() ? ShapedNetwork.congestionControl() : congestionControl;
  }

  private Settings settings() throws BenchException {
    return new Settings(
        memoryBytes(), bandwidth(), dirty, repeat(), wantedFractions(), congestionControl());
  }
}
