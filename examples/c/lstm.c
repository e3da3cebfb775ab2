/* An LSTM in C99 that reads and writes folders of lstm-parity (docs/folder-format.md), on little-endian machines.

   cc -std=c99 -O2 -DREAL=float -o lstm_float32 lstm.c -lm
   cc -std=c99 -O2 -DREAL=double -o lstm_float64 lstm.c -lm
   ./lstm_float32 FOLDER ... answers the cases in these folders.

   It knows layers, directions, batches and lengths; it has no projection, and says so in refused.txt. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef REAL
#define REAL float
#endif

#ifdef MISTAKE_GATE_ORDER
enum { I, F, O, G }; /* as others order them */
#else
enum { I, F, G, O };
#endif

typedef struct {
    long input_size, hidden_size, num_layers, directions, time, batch;
    long *lengths;
} Setting;

typedef struct {
    long inputs, hidden;
    REAL *w_ih, *w_hh, *b_ih, *b_hh; /* (4H, inputs), (4H, H), (4H), (4H); the biases are NULL where there are none */
} Cell;

static const char *DTYPE = sizeof(REAL) == 4 ? "float32" : "float64";
static const char *DESCR = sizeof(REAL) == 4 ? "'<f4'" : "'<f8'";

static void die(const char *what, const char *path) {
    fprintf(stderr, "lstm: %s: %s\n", path, what);
    exit(1);
}

static void *memory(size_t count, size_t size) {
    void *zeros = calloc(count ? count : 1, size);
    if (!zeros) die("there is not enough memory", "calloc");
    return zeros;
}

static FILE *opened(const char *folder, const char *name, const char *mode) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) die("the path is too long", folder);
    return fopen(path, mode);
}

/* ---- .npy files ---- */

/* The numbers of a file, of which there must be `count`; NULL where there is no such file. */
static REAL *numbers(const char *folder, const char *name, long count) {
    FILE *file = opened(folder, name, "rb");
    if (!file) return NULL;
    unsigned char start[12] = {0};
    if (fread(start, 1, 10, file) != 10 || memcmp(start, "\x93NUMPY", 6)) die("this is no .npy file", name);
    size_t length = start[8] + 256u * start[9];
    if (start[6] == 2) {
        if (fread(start + 10, 1, 2, file) != 2) die("the header is cut short", name);
        length += 65536u * start[10] + 16777216u * start[11];
    }
    char *header = memory(length + 1, 1);
    if (fread(header, 1, length, file) != length) die("the header is cut short", name);
    if (!strstr(header, DESCR) || !strstr(header, "'fortran_order': False")) die("the numbers are of another type", name);
    REAL *values = memory(count, sizeof(REAL));
    if (fread(values, sizeof(REAL), count, file) != (size_t)count) die("the numbers are too few", name);
    fclose(file);
    free(header);
    return values;
}

static REAL *needed(const char *folder, const char *name, long count) {
    REAL *values = numbers(folder, name, count);
    if (!values) die("the file is missing", name);
    return values;
}

static void write_numbers(const char *folder, const char *name, const REAL *values, long a, long b, long c) {
    FILE *file = opened(folder, name, "wb");
    if (!file) die("it cannot be written", name);
    char header[119]; /* 10 bytes and these 118 are 128, as the format wants: a multiple of 64 that ends in a newline */
    memset(header, ' ', sizeof header);
    int used = snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': (%ld, %ld, %ld), }", DESCR,
                        a, b, c);
    header[used] = ' ';
    header[117] = '\n';
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, file);
    fwrite(header, 1, 118, file);
    fwrite(values, sizeof(REAL), a * b * c, file);
    if (fclose(file)) die("it cannot be written", name);
}

/* ---- setting.json: a flat object, each field once ---- */

/* Where the value of a field begins. */
static const char *value(const char *json, const char *field) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", field);
    const char *found = strstr(json, key);
    if (!found) die("the field is missing", field);
    return found + strlen(key) + strspn(found + strlen(key), " \t\r\n");
}

static long whole(const char *json, const char *field) { return strtol(value(json, field), NULL, 10); }

static int is(const char *json, const char *field, const char *text) {
    return !strncmp(value(json, field), text, strlen(text));
}

static char *read_json(const char *folder) {
    FILE *file = opened(folder, "setting.json", "rb");
    if (!file) die("there is no setting.json", folder);
    char *json = memory(1 << 20, 1);
    if (fread(json, 1, (1 << 20) - 1, file) == 0) die("setting.json is empty", folder);
    fclose(file);
    return json;
}

static Setting setting_of(const char *json) {
    Setting s = {whole(json, "input_size"), whole(json, "hidden_size"), whole(json, "num_layers"),
                 1 + is(json, "bidirectional", "true"), whole(json, "time"), whole(json, "batch"), NULL};
    s.lengths = memory(s.batch, sizeof(long));
    const char *list = value(json, "lengths");
    for (long b = 0; b < s.batch; b++) {
        s.lengths[b] = s.time;
        if (*list == '[' || *list == ',') s.lengths[b] = strtol(list + 1, (char **)&list, 10);
    }
    return s;
}

/* Why the case is not computed, in words; NULL where it is. */
static const char *refusal(const char *json) {
    static char words[128];
    if (!is(json, "format", "\"lstm-parity folder, format 1\"")) return "reads format 1 only";
    if (!is(json, "proj_size", "0")) return "has no projection";
    if (is(json, "batch", "null") || is(json, "batch_first", "true")) return "reads input as (time, batch, input_size)";
    snprintf(words, sizeof words, "\"%s\"", DTYPE);
    if (is(json, "dtype", words)) return NULL;
    snprintf(words, sizeof words, "computes in %s only", DTYPE);
    return words;
}

/* ---- the LSTM ---- */

static Cell cell_of(const char *folder, Setting s, long layer, long direction) {
    const char *kinds[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    long H = s.hidden_size, inputs = layer ? s.directions * H : s.input_size;
    long counts[] = {4 * H * inputs, 4 * H * H, 4 * H, 4 * H};
    REAL *arrays[4];
    for (int k = 0; k < 4; k++) {
        char name[64];
        snprintf(name, sizeof name, "%s_l%ld%s.npy", kinds[k], layer, direction ? "_reverse" : "");
        arrays[k] = k < 2 ? needed(folder, name, counts[k]) : numbers(folder, name, counts[k]);
    }
    Cell cell = {inputs, H, arrays[0], arrays[1], arrays[2], arrays[3]};
    return cell;
}

static REAL dot(const REAL *a, const REAL *b, long n) {
    REAL sum = 0;
    for (long k = 0; k < n; k++) sum += a[k] * b[k];
    return sum;
}

static REAL exponential(REAL z) { return sizeof(REAL) == 4 ? (REAL)expf((float)z) : (REAL)exp((double)z); }
static REAL hyperbolic(REAL z) { return sizeof(REAL) == 4 ? (REAL)tanhf((float)z) : (REAL)tanh((double)z); }
static REAL sigmoid(REAL z) { return 1 / (1 + exponential(-z)); }

/* One step of one row: h and c are moved on in place; z has room for the sums of the four gates. */
static void step(Cell w, const REAL *x, REAL *h, REAL *c, REAL *z) {
    long H = w.hidden;
    for (long r = 0; r < 4 * H; r++) {
        z[r] = dot(w.w_ih + r * w.inputs, x, w.inputs) + dot(w.w_hh + r * H, h, H);
        if (w.b_ih) z[r] += w.b_ih[r] + w.b_hh[r];
    }
    for (long k = 0; k < H; k++) {
        REAL i = sigmoid(z[I * H + k]), f = sigmoid(z[F * H + k]), o = sigmoid(z[O * H + k]);
        c[k] = f * c[k] + i * hyperbolic(z[G * H + k]);
        h[k] = o * hyperbolic(c[k]);
    }
}

/* One direction of one layer: x is (T, B, inputs), y is (T, B, D*H), h and c are (B, H) and moved on in place. */
static void layer_of(Setting s, Cell w, long direction, const REAL *x, REAL *y, REAL *h, REAL *c) {
    long H = s.hidden_size;
    REAL *z = memory(4 * H, sizeof(REAL));
    for (long b = 0; b < s.batch; b++)
        for (long n = 0; n < s.lengths[b]; n++) {
            long at = (direction ? s.lengths[b] - 1 - n : n) * s.batch + b;
            step(w, x + at * w.inputs, h + b * H, c + b * H, z);
            memcpy(y + (at * s.directions + direction) * H, h + b * H, H * sizeof(REAL));
        }
    free(z);
}

static void answer(const char *folder, Setting s) {
    long H = s.hidden_size, states = s.num_layers * s.directions, row = s.batch * H;
    REAL *x = needed(folder, "input.npy", s.time * s.batch * s.input_size);
    REAL *h = needed(folder, "h_0.npy", states * row), *c = needed(folder, "c_0.npy", states * row);
    for (long layer = 0; layer < s.num_layers; layer++) {
        REAL *y = memory(s.time * row * s.directions, sizeof(REAL)); /* zeros stay where a row has ended */
        for (long direction = 0; direction < s.directions; direction++) {
            long k = layer * s.directions + direction;
            Cell w = cell_of(folder, s, layer, direction);
            layer_of(s, w, direction, x, y, h + k * row, c + k * row);
            free(w.w_ih), free(w.w_hh), free(w.b_ih), free(w.b_hh);
        }
        free(x);
        x = y;
    }
    write_numbers(folder, "output.npy", x, s.time, s.batch, s.directions * H);
    write_numbers(folder, "h_n.npy", h, states, s.batch, H);
    write_numbers(folder, "c_n.npy", c, states, s.batch, H);
    free(x), free(h), free(c);
}

int main(int count, char **folders) {
    for (int k = 1; k < count; k++) {
        char *json = read_json(folders[k]);
        const char *words = refusal(json);
        if (words) {
            FILE *file = opened(folders[k], "refused.txt", "w");
            if (!file || fprintf(file, "%s\n", words) < 0 || fclose(file)) die("refused.txt cannot be written", folders[k]);
        } else {
            Setting s = setting_of(json);
            answer(folders[k], s);
            free(s.lengths);
        }
        free(json);
    }
    return 0;
}
