// Runs a policy's folder with the classes of Unitree's own controller on states from a file, and prints the targets.
//
// usage: harness FOLDER STATES; a line of STATES has 29 positions, 29 velocities, the quaternion (w, x, y, z) and the
// angular velocity. The command is (0.4, -0.2, 0.3). Each printed line has the targets of 29 motors.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "isaaclab/envs/manager_based_rl_env.h"
#include OBSERVATIONS  // where it is differs between the repositories
#include "isaaclab/envs/mdp/actions/joint_actions.h"

constexpr int MOTORS = 29;

struct RecordedRobot : isaaclab::Articulation {
    std::ifstream file;
    unitree::common::UnitreeJoystick joystick;
    std::vector<double> row = std::vector<double>(2 * MOTORS + 7);

    explicit RecordedRobot(const std::string& path) : file(path) {
        data.joystick = &joystick;
        for (auto* axis : {&joystick.lx, &joystick.ly, &joystick.rx}) axis->smooth = 1.0;
        joystick.ly(0.4);
        joystick.lx(0.2);
        joystick.rx(-0.3);
        next();
    }

    bool next() {
        for (auto& number : row)
            if (!(file >> number)) return false;
        return true;
    }

    void update() override {
        const int rest = 2 * MOTORS;
        const Eigen::Quaternionf orientation(row[rest], row[rest + 1], row[rest + 2], row[rest + 3]);
        data.projected_gravity_b = orientation.conjugate() * data.GRAVITY_VEC_W;
        for (int axis = 0; axis < 3; axis++) data.root_ang_vel_b[axis] = row[rest + 4 + axis];
        for (size_t joint = 0; joint < data.joint_ids_map.size(); joint++) {
            const int motor = static_cast<int>(data.joint_ids_map[joint]);
            data.joint_pos[joint] = row[motor];
            data.joint_vel[joint] = row[MOTORS + motor];
        }
    }
};

int main(int, char** arguments) {
    const std::string folder = arguments[1];
    auto robot = std::make_shared<RecordedRobot>(arguments[2]);
    isaaclab::ManagerBasedRLEnv env(YAML::LoadFile(folder + "/params/deploy.yaml"), robot);
    env.alg = std::make_unique<isaaclab::OrtRunner>(folder + "/exported/policy.onnx");
    env.reset();
    do {
        env.step();
        const auto actions = env.action_manager->processed_actions();
        std::vector<float> targets(MOTORS, 0.0f);
        for (size_t joint = 0; joint < actions.size(); joint++)
            targets[static_cast<int>(robot->data.joint_ids_map[joint])] = actions[joint];
        for (const float target : targets) std::printf("%.9g ", target);
        std::printf("\n");
    } while (robot->next());
}
