package org.dcmigrate.peer.guest.qemu;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dcmigrate.protocol.DcmException;

/**
 * What a QEMU is made of, as far as it must be the same at both ends. QEMU itself notices other
 * machine types and RAM sizes only, and only when it loads the device state.
 *
 * @param version major * 1000 + minor
 * @param machine its type, with version, e.g. pc-i440fx-7.2
 * @param cpuType type and number of its CPUs
 * @param cpuFeatures the CPUID words of its first CPU, empty for CPUs that have none
 * @param pciDevices all PCI devices by place, with their ids
 * @param blocks all RAM blocks, also those that do not migrate
 */
record GuestFacts(
    int version,
    String machine,
    String cpuType,
    String cpuFeatures,
    String pciDevices,
    List<Block> blocks) {
  static final String VERSION = "qemu.version";
  static final String MACHINE = "machine";
  static final String CPUS = "cpus";
  static final String CPU_FEATURES = "cpu.features";
  static final String PCI = "pci";

  private static final Pattern RAM_BLOCK =
      Pattern.compile(
          "^\\s*(\\S.*?)\\s+\\d+ [KMGT]?i?B\\s+0x[0-9a-f]+\\s+0x([0-9a-f]+)\\s+0x([0-9a-f]+).*$");
  private static final Pattern PCI_PLACE = Pattern.compile("^(\\s+)addr = ([0-9a-f]{2}\\.[0-7])$");
  private static final Pattern PCI_IDS =
      Pattern.compile("^\\s+class .*pci id ([0-9a-f]{4}:[0-9a-f]{4}) \\(sub ([0-9a-f:]+)\\)$");

  GuestFacts {
    blocks = List.copyOf(blocks);
  }

  /**
   * A RAM block.
   *
   * @param usedBytes what it has now
   * @param mostBytes what it can grow to
   */
  record Block(String name, long usedBytes, long mostBytes) {}

  /** Asks QEMU. */
  static GuestFacts ask(Qmp qmp) throws DcmException {
    String machine = property(qmp, "/machine", "type").getAsString();
    JsonArray cpus = qmp.execute("query-cpus-fast").getAsJsonArray();
    String first = cpus.get(0).getAsJsonObject().get("qom-path").getAsString();
    String type = property(qmp, first, "type").getAsString();
    return new GuestFacts(
        qmp.version(),
        machine.endsWith("-machine")
            ? machine.substring(0, machine.length() - "-machine".length())
            : machine,
        cpus.size() + " x " + type,
        features(qmp, first),
        pciDevices(qmp.human("info qtree")),
        ramBlocks(qmp.human("info ramblock")));
  }

  /** As properties of the metadata. */
  SortedMap<String, String> properties() {
    SortedMap<String, String> properties = new TreeMap<>();
    properties.put(VERSION, version / 1000 + "." + version % 1000);
    properties.put(MACHINE, machine);
    properties.put(CPUS, cpuType);
    properties.put(CPU_FEATURES, cpuFeatures);
    properties.put(PCI, pciDevices);
    return properties;
  }

  static JsonElement property(Qmp qmp, String path, String name) throws DcmException {
    JsonObject arguments = new JsonObject();
    arguments.addProperty("path", path);
    arguments.addProperty("property", name);
    return qmp.execute("qom-get", arguments);
  }

  static JsonArray list(Qmp qmp, String path) throws DcmException {
    JsonObject arguments = new JsonObject();
    arguments.addProperty("path", path);
    return qmp.execute("qom-list", arguments).getAsJsonArray();
  }

  private static String features(Qmp qmp, String cpu) throws DcmException {
    boolean known = false;
    for (JsonElement one : list(qmp, cpu)) {
      known |= one.getAsJsonObject().get("name").getAsString().equals("feature-words");
    }
    if (!known) {
      return "";
    }
    // Words of zero are left out: later versions of QEMU list more of them.
    List<String> words = new ArrayList<>();
    for (JsonElement one : property(qmp, cpu, "feature-words").getAsJsonArray()) {
      JsonObject word = one.getAsJsonObject();
      long value = word.get("features").getAsLong();
      if (value != 0) {
        String leaf = "%x".formatted(word.get("cpuid-input-eax").getAsLong());
        if (word.has("cpuid-input-ecx")) {
          leaf += "." + word.get("cpuid-input-ecx").getAsLong();
        }
        words.add("%s.%s=%x".formatted(leaf, word.get("cpuid-register").getAsString(), value));
      }
    }
    words.sort(null);
    return String.join(" ", words);
  }

  /**
   * PCI devices from the device tree, each by its place behind its bridges. Bus numbers would be no
   * good: firmware gives them, and at a destination none has run yet.
   */
  static String pciDevices(String tree) {
    List<String> devices = new ArrayList<>();
    List<Integer> indents = new ArrayList<>();
    List<String> places = new ArrayList<>();
    for (String line : tree.lines().toList()) {
      Matcher place = PCI_PLACE.matcher(line.stripTrailing());
      Matcher ids = PCI_IDS.matcher(line.stripTrailing());
      if (place.matches()) {
        int indent = place.group(1).length();
        while (!indents.isEmpty() && indents.getLast() >= indent) {
          indents.removeLast();
          places.removeLast();
        }
        indents.add(indent);
        places.add(place.group(2));
      } else if (ids.matches() && !places.isEmpty()) {
        devices.add(String.join("/", places) + "=" + ids.group(1) + "(" + ids.group(2) + ")");
      }
    }
    devices.sort(null);
    return String.join(" ", devices);
  }

  static List<Block> ramBlocks(String table) {
    List<Block> blocks = new ArrayList<>();
    for (String line : table.lines().toList()) {
      Matcher row = RAM_BLOCK.matcher(line.stripTrailing());
      if (row.matches()) {
        blocks.add(
            new Block(
                row.group(1),
                Long.parseUnsignedLong(row.group(2), 16),
                Long.parseUnsignedLong(row.group(3), 16)));
      }
    }
    return blocks;
  }
}
