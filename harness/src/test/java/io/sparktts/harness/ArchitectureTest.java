package io.sparktts.harness;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * Who may know whom: backends and reports meet in the harness alone, and it finds backends at run
 * time.
 */
@AnalyzeClasses(packages = "io.sparktts", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String[] CORE = {
        "io.sparktts.backend..",
        "io.sparktts.model..",
        "io.sparktts.oracle..",
        "io.sparktts.contract..",
        "io.sparktts.checkpoint..",
        "io.sparktts.audio..",
        "io.sparktts.text..",
        "io.sparktts.codec..",
        "io.sparktts.speech.."
    };
    private static final String[] HOST = {
        "io.sparktts.host..", "io.sparktts.reference..", "io.sparktts.vector.."
    };
    private static final String JCUDA = "io.sparktts.jcuda..";
    private static final String TORNADO = "io.sparktts.tornado..";
    private static final String REPORTS = "io.sparktts.reports..";
    private static final String HARNESS = "io.sparktts.harness..";

    @ArchTest static final ArchRule coreStandsAlone = dependsOnlyOn(CORE);

    @ArchTest static final ArchRule hostBackendsKnowCore = dependsOnlyOn(HOST, CORE);

    @ArchTest static final ArchRule jcudaKnowsCore = dependsOnlyOn(new String[] {JCUDA}, CORE);

    @ArchTest static final ArchRule tornadoKnowsCore = dependsOnlyOn(new String[] {TORNADO}, CORE);

    @ArchTest static final ArchRule reportsKnowCore = dependsOnlyOn(new String[] {REPORTS}, CORE);

    @ArchTest
    static final ArchRule harnessNamesNoBackend =
            dependsOnlyOn(new String[] {HARNESS}, CORE, new String[] {REPORTS});

    @ArchTest
    static final ArchRule onlyMainExits =
            noClasses()
                    .that()
                    .doNotHaveFullyQualifiedName("io.sparktts.harness.Main")
                    .should()
                    .callMethod(System.class, "exit", int.class)
                    .orShould()
                    .callMethod(Runtime.class, "exit", int.class)
                    .orShould()
                    .callMethod(Runtime.class, "halt", int.class);

    /** Result files have to be readable where neither tables nor charts are. */
    @ArchTest
    static final ArchRule schemaIsPlain =
            noClasses()
                    .that()
                    .resideInAPackage("io.sparktts.reports.schema..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("tech.tablesaw..", "org.knowm..");

    /**
     * Of our own classes, those in {@code packages} may know themselves and those in {@code
     * others}.
     */
    private static ArchRule dependsOnlyOn(String[] packages, String[]... others) {
        DescribedPredicate<JavaClass> allowed = not(resideInAPackage("io.sparktts.."));
        allowed = allowed.or(resideInAnyPackage(packages));
        for (String[] other : others) {
            allowed = allowed.or(resideInAnyPackage(other));
        }
        return classes()
                .that()
                .resideInAnyPackage(packages)
                .should()
                .onlyDependOnClassesThat(allowed);
    }
}
